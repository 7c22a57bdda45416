import { stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { UsageError } from './usage.ts';

/**
 * Refuses a place where a model cannot be saved, before hours of training rather than after.
 *
 * @param output The folder to save to.
 * @param data The folder of examples: a model among the classes would be the next run's class.
 * @throws UsageError
 */
export async function assertOutput(output: string, data: string): Promise<void> {
  const inside = relative(resolve(data), resolve(output));
  if (!isAbsolute(inside) && !/^\.\.($|[\\/])/.test(inside)) {
    throw new UsageError(`--output received "${output}", which lies in ${data}. Pass a folder outside it.`);
  }
  const found = await stat(output).catch(() => undefined);
  if (!found || found.isDirectory()) return;
  throw new UsageError(`--output received "${output}", which is a file. Pass a folder, old or new.`);
}
