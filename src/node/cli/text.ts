import type { ClassOutcome } from '../../core/per-class.ts';

/**
 * Lines up rows in columns.
 *
 * @param rows The cells; the first row is the heading.
 * @param left How many columns, from the first, are words; the rest are numbers and lean right.
 */
export function table(rows: readonly (readonly string[])[], left = 1): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** What an example is called. */
export type Noun = 'picture' | 'text';

/** Precision, recall and F1 of each class, as lines. */
export function classTable(classes: readonly ClassOutcome[], noun: Noun): string[] {
  const rows = classes.map(({ label, support, precision, recall, f1 }) => [
    label,
    String(support),
    ...[precision, recall, f1].map((number) => number.toFixed(3)),
  ]);
  return table([['Class', noun === 'text' ? 'Texts' : 'Pictures', 'Precision', 'Recall', 'F1'], ...rows]);
}

/** The examples that could not be read, as lines; none where there are none. */
export function skippedLines(
  skipped: readonly { readonly file: string; readonly reason: string }[],
  noun: Noun,
): string[] {
  if (skipped.length === 0) return [];
  return [
    '',
    `Skipped ${count(skipped.length, noun === 'text' ? 'text' : 'file')}:`,
    ...skipped.map(({ file, reason }) => `  ${file}: ${reason}`),
  ];
}

/** `1 picture`, `2 pictures`. */
export const count = (number: number, thing: string, things = `${thing}s`): string =>
  `${number.toLocaleString('en')} ${number === 1 ? thing : things}`;

/** `45 s`, `1 min 20 s`, `2 h 5 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `12 kB`, `3.4 MB`. */
export function bytes(number: number): string {
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, number)) / 3));
  return `${(number / 1000 ** power).toFixed(power ? 1 : 0)} ${['B', 'kB', 'MB', 'GB'][power]}`;
}
