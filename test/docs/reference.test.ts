import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { projectDocuments, sourceLinkTemplate } = JSON.parse(read('typedoc.json'));
const guides = readdirSync(join(root, 'docs/guides'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/guides/${name}`);

test('the reference has every guide as a page, and the title page and the README lead to it', () => {
  expect([...projectDocuments].sort()).toEqual(['docs/errors/README.md', ...guides].sort());
  for (const path of projectDocuments) {
    expect(read('docs/README.md'), path).toContain(`](${path.replace('docs/', '')})`);
    expect(read(path), path).toMatch(/^---\ntitle: .+\ngroup: (Guides|Errors)\n/);
  }
});

const pages = ['README.md', 'CONTRIBUTING.md', 'docs/README.md', ...guides].concat(
  readdirSync(join(root, 'docs/errors')).map((name) => `docs/errors/${name}`),
);

test.each(pages)('the links of %s lead to files and headings that are there', (page) => {
  for (const [, link = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(link)) {
      // Links to this repository name files of it.
      const path = /^https:\/\/github\.com\/tfjs-transfer\/tfjs-transfer\/(?:tree|blob)\/main\/([^#]+)/.exec(link)?.[1];
      if (path) expect(existsSync(join(root, path)), link).toBe(true);
      continue;
    }
    const [path, heading] = link.split('#');
    const file = path ? relative(root, join(root, dirname(page), path)) : page;
    expect(existsSync(join(root, file)), link).toBe(true);
    if (heading) expect(headings(read(file)), link).toContain(heading);
  }
});

const headings = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

test('the sources that the reference links are of the repository that errors point to', () => {
  const repository = /https:\/\/github\.com\/[\w-]+\/[\w-]+/;
  expect(repository.exec(sourceLinkTemplate)).toEqual(
    expect.arrayContaining([repository.exec(read('src/core/errors.ts'))?.[0]]),
  );
});
