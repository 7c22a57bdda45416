/** A block of code in the documentation. */
export interface DocExample {
  /** Where it stands: `src/core/pipe.ts:12`. */
  readonly place: string;
  readonly code: string;
  /** False for a block fenced as `ts no-run`. */
  readonly runs: boolean;
}

const comment = /\/\*\*[\s\S]*?\*\//g;
const tag = /^ *@[a-z]+/i;

/**
 * Finds the examples of a source: the `ts` blocks under `@example` in its doc comments.
 *
 * @param path The path, for the place.
 * @param text The source.
 */
export function examplesInSource(path: string, text: string): DocExample[] {
  return [...text.matchAll(comment)].flatMap((match) => {
    const lines = match[0].split('\n').map((line) => line.replace(/^ *\* ?/, ''));
    const line = lineAt(text, match.index);
    let underExample = false;
    let fenced = false;
    const kept = lines.map((text) => {
      if (!fenced && tag.test(text)) underExample = text.trim().startsWith('@example');
      if (/^ *```/.test(text)) fenced = !fenced;
      return underExample ? text : '';
    });
    return blocks(path, kept, line).map(({ continues: _, ...example }) => example);
  });
}

/**
 * Finds the examples of a page: its `ts` and `js` blocks. A block fenced as `ts continues` belongs to the example before
 * it, so that a page can tell a story step by step.
 *
 * @param path The path, for the place.
 * @param text The page, in Markdown.
 */
export function examplesInPage(path: string, text: string): DocExample[] {
  const examples: DocExample[] = [];
  for (const { continues, ...example } of blocks(path, text.split('\n'), 1)) {
    const before = continues ? examples.pop() : undefined;
    if (continues && !before) throw new Error(`${example.place} continues nothing: no block of code is before it.`);
    examples.push(before ? { ...before, code: `${before.code}${example.code}` } : example);
  }
  return examples;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function blocks(
  path: string,
  lines: readonly string[],
  firstLine: number,
): (DocExample & { readonly continues: boolean })[] {
  const text = lines.join('\n');
  return [...text.matchAll(/^ *```(\S*)(.*)\n([\s\S]*?)^ *```/gm)]
    .filter(([, language]) => ['ts', 'typescript', 'js', 'javascript', 'mjs'].includes(language as string))
    .map((match) => ({
      place: `${path}:${firstLine - 1 + lineAt(text, match.index)}`,
      code: match[3] as string,
      runs: !/\bno-run\b/.test(match[2] as string),
      continues: /\bcontinues\b/.test(match[2] as string),
    }));
}
