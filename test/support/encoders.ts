import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a folder of the goldens of text. */
export const textFolder = (name: string) => fileURLToPath(new URL(`../goldens/text/${name}`, import.meta.url));

/** Where MiniLM lies, which is too large for the repository: 45 MB. */
export const miniLm =
  process.env.MINILM_L6 ?? fileURLToPath(new URL('../../../shared/goldens/text/minilm-l6', import.meta.url));

/** Whether the tests that need MiniLM can run; says so where they cannot. */
export function hasMiniLm(): boolean {
  if (existsSync(`${miniLm}/model.safetensors`)) return true;
  console.log(`Tests with MiniLM are skipped: there is no ${miniLm}. Set MINILM_L6 to the folder of all-MiniLM-L6-v2.`);
  return false;
}

export { golden, inputsOf, outputOf } from './encoder-output.ts';
