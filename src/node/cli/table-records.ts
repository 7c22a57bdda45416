import { TransferError } from '../../core/errors.ts';

/** A row of a table, by column. */
export type TableRecord = Readonly<Record<string, unknown>>;

/**
 * Reads a table: CSV or TSV with a heading, else an object in each line.
 *
 * @param path The path, for its ending and for messages.
 * @param content What the file holds.
 * @param columns The columns that are needed.
 * @throws TransferError `INVALID_DATA` where it is broken, which says the line, has no rows, or lacks a column.
 */
export async function tableRecords(
  path: string,
  content: string,
  columns: readonly string[],
): Promise<readonly TableRecord[]> {
  const records = /\.(csv|tsv)$/i.test(path) ? await delimited(path, content) : objects(path, content);
  if (records.length === 0) throw invalid(path, 'it has no rows. A CSV begins with the names of its columns');
  for (const column of columns) {
    const lacking = records.findIndex((record) => !Object.hasOwn(record, column));
    if (lacking < 0) continue;
    const there = Object.keys(records[lacking] as TableRecord).join(', ');
    throw invalid(
      path,
      `row ${lacking + 1} has no column "${column}". Its columns are ${there}. Name the ones that are meant with --text and --label`,
    );
  }
  return records;
}

const invalid = (path: string, sentence: string, cause?: unknown) =>
  new TransferError('INVALID_DATA', `${path}: ${sentence}.`, { cause });

async function delimited(path: string, content: string): Promise<TableRecord[]> {
  const { parse } = await import('csv-parse/sync');
  const heading = content.split('\n', 1)[0] ?? '';
  // Where a comma is the decimal point, spreadsheets separate the cells of a CSV by semicolons.
  const delimiter = /\.tsv$/i.test(path) ? '\t' : !heading.includes(',') && heading.includes(';') ? ';' : ',';
  try {
    return parse(content, { columns: true, bom: true, skip_empty_lines: true, delimiter });
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\.$/, '');
    throw invalid(
      path,
      `it is no CSV that can be read: ${reason}. Quote cells that hold commas, quotes or new lines`,
      cause,
    );
  }
}

function objects(path: string, content: string): TableRecord[] {
  return content.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const record = parsed(line);
    if (typeof record === 'object' && record !== null && !Array.isArray(record)) return [record as TableRecord];
    throw invalid(
      path,
      `line ${index + 1} is no JSON object. Write one object in each line: {"text": "...", "label": "..."}`,
    );
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
