import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { TransferError } from '../../core/errors.ts';
import type { SkippedFile } from '../../data/class-folders.ts';
import { listClassFolders } from '../class-folders.ts';
import { tableRecords } from './table-records.ts';

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
 * Whether a path holds texts: a table, a text file, or a folder of class folders with text files.
 *
 * @param path The path.
 */
export async function holdsTexts(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return endsIn(path, [...tables, ...plain]);
  return (await listClassFolders(path, plain)).files.length > 0;
}

/**
 * Reads the texts of a CSV, TSV or JSONL file, of one text file, or of a folder of class folders with text files.
 *
 * @param path The path.
 * @param columns The columns of a table.
 * @throws TransferError `NOT_FOUND`; `INVALID_DATA` where the table is broken or lacks a column.
 */
export async function readTextRows(path: string, columns: TextColumns): Promise<TextRows> {
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return readFolder(path);
  const content = await contentOf(path);
  if (!endsIn(path, tables)) return sorted([{ name: basename(path), text: content }]);
  const { text, label } = columns;
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
  for (const { name, label } of files) rows.push({ name, label, text: await contentOf(join(folder, name)) });
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

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TransferError('NOT_FOUND', `${path} cannot be read (${code}). Pass the path of a file of texts.`, {
      cause,
    });
  }
}
