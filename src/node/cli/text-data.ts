import type { Dataset } from '../../core/data.ts';
import { TransferError } from '../../core/errors.ts';
import type { SkippedFile } from '../../data/class-folders.ts';
import { splitByShares } from '../../data/split-examples.ts';
import { textExamples } from '../../text/text-examples.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import { count } from './text.ts';
import { readTextRows } from './text-rows.ts';

/** Labelled texts as splits. */
export type TextData = Dataset & {
  readonly labels: readonly string[];
  readonly skipped: readonly SkippedFile[];
  /** How many texts each label has. */
  readonly counts: readonly number[];
};

interface TextDataSettings {
  readonly columns: { readonly text: string; readonly label: string };
  readonly tokenizer: Tokenizer;
  /** The labels of a model, in its order. Default: those that are there, sorted. */
  readonly labels?: readonly string[];
  readonly validation: number;
  readonly seed: number;
}

/**
 * Reads labelled texts.
 *
 * @param path A CSV, TSV or JSONL file, or a folder of class folders with text files.
 * @param settings Columns, tokenizer, labels, and how to divide.
 * @throws TransferError `NOT_FOUND`; `INVALID_DATA` where they cannot be learned from.
 */
export async function textData(path: string, settings: TextDataSettings): Promise<TextData> {
  const { columns, tokenizer, validation, seed } = settings;
  const { rows, skipped } = await readTextRows(path, columns);
  const labels = settings.labels ?? [...new Set(rows.map(({ label = '' }) => label))].sort();
  const invalid = (sentence: string) => {
    const [first] = skipped;
    const note = first ? ` Skipped ${count(skipped.length, 'text')} (${first.file}: ${first.reason}).` : '';
    return new TransferError('INVALID_DATA', `${path}: ${sentence}${note}`);
  };
  if (rows.length === 0) throw invalid('there is no text that can be used.');
  const positions = new Map(labels.map((label, position) => [label, position]));
  const counts = labels.map(() => 0);
  const targets = rows.map(({ label = '', name }) => {
    const position = positions.get(label);
    if (position === undefined)
      throw invalid(`${name} has the label "${label}", which is none of ${labels.join(', ')}.`);
    counts[position] = (counts[position] as number) + 1;
    return position;
  });
  if (!settings.labels) assertClasses(labels, counts, validation, invalid);
  const examples = textExamples(
    rows.map(({ text }) => text),
    targets,
    tokenizer,
  );
  return { ...splitByShares(examples, { validation, test: 0, seed }), labels, skipped, counts };
}

function assertClasses(
  labels: readonly string[],
  counts: readonly number[],
  validation: number,
  invalid: (sentence: string) => TransferError,
): void {
  if (labels.length === 1) {
    throw invalid(`there is one class alone, "${labels[0]}". Add texts of another; --label names their column.`);
  }
  if (labels.length > 1000) {
    throw invalid(`there are ${labels.length} labels. --label names the column of the classes.`);
  }
  const lonely = labels.filter((_, label) => counts[label] === 1);
  if (validation > 0 && lonely.length > 0) {
    throw invalid(
      `${lonely.map((label) => `"${label}"`).join(', ')} ${lonely.length > 1 ? 'have' : 'has'} one text, which cannot be divided between training and validation. Add texts, leave it out, or pass --validation 0.`,
    );
  }
}

/**
 * A warning where one class is more than ten times as large as another, which accuracy hides.
 *
 * @param data The texts.
 */
export function unevenLine({ labels, counts }: TextData): string | undefined {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (most <= 10 * least) return undefined;
  const named = (number: number) => `"${labels[counts.indexOf(number)]}" has ${count(number, 'text')}`;
  const share = (100 * most) / counts.reduce((sum, number) => sum + number);
  return `The classes are uneven: ${named(most)}, ${named(least)}. Always saying the first is right in ${share.toFixed(1)} %: look at the recall of each class.`;
}
