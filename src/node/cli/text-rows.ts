import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { TransferError } from '../../core/errors.ts';
import { pictures, type SkippedFile } from '../../data/class-folders.ts';
import { listClassFolders } from '../class-folders.ts';
import { tableRecords } from './table-records.ts';
import { readTextFile } from './text-file.ts';

/** The columns of a table, as flags say. */
export interface TextColumns {
  readonly text: string;
  /** Undefined where labels are not asked for. */
  readonly label?: string | undefined;
}

/** A text of a file. */
export interface TextRow {
  /** What it is called in messages: the file's name, and in a table the row's number. */
  readonly name: string;
  /** In a table the number of its row, from 1; the heading does not count. */
  readonly row?: number;
  readonly text: string;
  /** Undefined where labels are not asked for. */
  readonly label?: string;
}

/** The texts of a file or folder, and what is none. */
export interface TextRows {
  readonly rows: readonly TextRow[];
  readonly skipped: readonly SkippedFile[];
}

const tables = ['.csv', '.tsv', '.jsonl', '.ndjson'];
const plain = ['.txt'];

const endsIn = (path: string, endings: readonly string[]) => endings.includes(extname(path).toLowerCase());

/**
 * Whether a path holds texts: a table, a text file, or a folder of class folders with more text files than pictures.
 *
 * @param path The path.
 * @throws TransferError `INVALID_DATA` where it is a file of anything else.
 */
export async function holdsTexts(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (endsIn(path, [...tables, ...plain]) && !found?.isDirectory()) return true;
  if (found?.isFile()) throw noTexts(path, ' Pictures are passed as a folder with one folder for each class.');
  if (!found) return false;
  const { files } = await listClassFolders(path, [...plain, ...pictures]);
  return files.filter(({ name }) => endsIn(name, plain)).length > files.length / 2;
}

const noTexts = (path: string, more = '') =>
  new TransferError(
    'INVALID_DATA',
    `${path} is no file of texts: its name ends in none of ${[...tables, ...plain].join(', ')}. Pass one that does; a sheet is saved as CSV.${more}`,
  );

/**
 * Reads the texts of a CSV, TSV or JSONL file, of one text file, or of a folder of class folders with text files.
 *
 * @param path The path.
 * @param columns The columns of a table.
 * @throws TransferError `NOT_FOUND`; `INVALID_DATA` where it is no file of texts, not in UTF-8, a table that is broken or
 * lacks a column, or one text where labels are asked for.
 */
export async function readTextRows(path: string, columns: TextColumns): Promise<TextRows> {
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return readFolder(path);
  if (!endsIn(path, [...tables, ...plain])) throw noTexts(path);
  const content = await readTextFile(path);
  const { text, label } = columns;
  if (!endsIn(path, tables)) {
    if (label === undefined) return sorted([{ name: basename(path), text: content }]);
    throw new TransferError(
      'INVALID_DATA',
      `${path} is one text, which has no label. Pass a table, whose name ends in ${tables.join(', ')}, or a folder with one folder of .txt files for each class.`,
    );
  }
  const records = await tableRecords(path, content, label === undefined ? [text] : [text, label]);
  return sorted(
    records.map((record, index) => ({
      name: `${basename(path)}, row ${index + 1}`,
      row: index + 1,
      text: cell(record[text]),
      ...(label !== undefined && { label: cell(record[label]) }),
    })),
  );
}

/** What a cell of a table says; a number or a boolean of JSON as it is written. */
const cell = (value: unknown) => (value === null || value === undefined ? '' : String(value));

async function readFolder(folder: string): Promise<TextRows> {
  const { files, skipped } = await listClassFolders(folder, plain);
  const rows: TextRow[] = [];
  for (const { name, label } of files) rows.push({ name, label, text: await readTextFile(join(folder, name)) });
  const read = sorted(rows);
  return { rows: read.rows, skipped: [...skipped, ...read.skipped] };
}

/** Leaves out what has no text, or no label where one is needed. */
function sorted(all: readonly TextRow[]): TextRows {
  const whyNot = ({ text, label }: TextRow) =>
    text.trim() === '' ? 'its text is empty' : label?.trim() === '' ? 'it has no label' : undefined;
  return {
    rows: all
      .filter((row) => !whyNot(row))
      .map((row) => (row.label === undefined ? row : { ...row, label: row.label.trim() })),
    skipped: all.flatMap((row) => {
      const reason = whyNot(row);
      return reason ? [{ file: row.name, reason }] : [];
    }),
  };
}
