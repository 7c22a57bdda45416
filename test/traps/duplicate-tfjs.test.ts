import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// Nothing here may import tfjs before the copy is loaded: the first of two copies makes the engine that both then use.
describe('T18 two copies of tfjs-core are detected and named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'traps-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let copy: typeof tfjs;

  beforeAll(() => {
    const modules = join(import.meta.dirname, '../../node_modules');
    symlinkSync(modules, join(folder, 'node_modules'));
    copyFileSync(join(modules, '@tensorflow/tfjs-core/dist/tf-core.node.js'), join(folder, 'copy.cjs'));
    copy = createRequire(import.meta.url)(join(folder, 'copy.cjs'));
  });

  test('tfjs: they share one engine without a word', async () => {
    const tf = await import('@tensorflow/tfjs-core');
    expect(tf.Tensor).not.toBe(copy.Tensor);
    expect(tf.engine()).toBe(copy.engine());
    await import('@tensorflow/tfjs-backend-cpu');
    const made = tf.tensor1d([1, 2]);
    // instanceof looks the same on both sides: tfjs compares fields, and only the constructor tells.
    expect(made).toBeInstanceOf(tf.Tensor);
    expect(made.constructor).not.toBe(tf.Tensor);
    expect(made.constructor).toBe(copy.Tensor);
    made.dispose();
    expect(copy.memory().numTensors).toBe(0);
  });

  test('here: loading a base and choosing a backend refuse to go on', async () => {
    const { loadBase, loadModel, useBackend } = await import('../../src/index.ts');
    const { cpu } = await import('../../src/backends/cpu.ts');
    const refusal = expect.objectContaining({
      name: 'TransferError',
      code: 'DUPLICATE_TFJS',
      message: expect.stringMatching(/Two copies of @tensorflow\/tfjs-core .* npm dedupe/),
    });
    await expect(useBackend(cpu())).rejects.toThrow(refusal);
    await expect(loadBase('nowhere')).rejects.toThrow(refusal);
    await expect(loadModel('nowhere')).rejects.toThrow(refusal);
    expect(copy.memory().numTensors).toBe(0);
  });
});
