import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** The path of a folder of the goldens of text. */
export const textFolder = (name: string) => fileURLToPath(new URL(`../goldens/text/${name}`, import.meta.url));

/** Where MiniLM lies, which is too large for the repository: 45 MB. */
export const miniLm =
  process.env.MINILM_L6 ?? fileURLToPath(new URL('../../../shared/goldens/text/minilm-l6', import.meta.url));

/** Skips a test that reads an encoder from a folder where the folder is not there, and says why. */
export function needsEncoder(folder: string, { skip }: Pick<TestContext, 'skip'>): void {
  if (existsSync(`${folder}/model.safetensors`)) return;
  skip(`there is no ${folder}. Set MINILM_L6 to the folder of all-MiniLM-L6-v2.`);
}

export { golden, inputsOf, outputOf } from './encoder-output.ts';
