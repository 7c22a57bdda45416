import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// tfjs-core publishes the specs that its backends are held to, as modules that only a bundler can import. Here their
// imports are answered by hand, so that they test the one engine that is loaded.
const folder = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json')), 'dist/ops');

/** What part of the specs does not hold here, by a part of their titles, and why. */
export type Reasons = Readonly<Record<string, string>>;

/**
 * Declares tfjs-core's specs of some operations as tests on the current backend.
 *
 * @param names The operations, as the files are called: `conv2d`, `fused/fused_mat_mul`.
 * @param reasons What is left out.
 */
export function declareSpecs(names: readonly string[], reasons: Reasons): void {
  const said = new Set<string>();
  const declare = (title: string, run: () => unknown) => {
    const part = Object.keys(reasons).find((one) => title.includes(one));
    if (part === undefined) it(title, run);
    else if (!said.has(part)) {
      said.add(part);
      console.log(`Left out of tfjs-core's specs, those with "${part}": ${reasons[part]}`);
    }
  };
  for (const name of names) load(join(folder, `${name}_test.js`), declare);
}

// The specs are written in tfjs' chained style, whose methods tfjs-core alone does not have.
const chained = ['avgPool', 'conv1d', 'conv2d', 'depthwiseConv2d', 'dot', 'expandDims', 'gather', 'matMul', 'maxPool'];
const others = ['mul', 'pool', 'reshape', 'separableConv2d', 'unsortedSegmentSum', 'transpose'];
const operations = { ...tf, ...tf.image } as unknown as Record<string, (...operands: unknown[]) => unknown>;
for (const name of [...chained, ...others, 'resizeBilinear', 'resizeNearestNeighbor']) {
  Object.assign(tf.Tensor.prototype, {
    [name](this: tf.Tensor, ...operands: unknown[]) {
      return operations[name]?.(this, ...operands);
    },
  });
}

const globals = { afterEach, beforeEach, describe, expect };
const environment = { name: 'wasm', backendName: 'wasm', isDataSync: true };
const answers: Readonly<Record<string, unknown>> = {
  index: tf,
  test_util: tf.test_util,
  util: tf.util,
  ops: tf,
  reduce_util: { PARALLELIZE_THRESHOLD: 30 },
  jasmine_util: {
    ALL_ENVS: {},
    describeWithFlags: (title: string, constraints: unknown, declare: (environment: unknown) => void) => {
      // A constraint is for backends that read synchronously, as this one does, or for graphics.
      if (constraints && !(constraints as { predicate?: (env: unknown) => boolean }).predicate?.(environment)) {
        if (Object.keys(constraints).length > 0) return;
      }
      describe(`tfjs-core: ${title}`, () => declare(environment));
    },
  },
};

/** Runs a module of specs; returns what it exports. */
function load(file: string, declare: unknown): Record<string, unknown> {
  const names = [...Object.keys(globals), 'it'];
  const values: unknown[] = [...Object.values(globals), declare];
  const give = (name: string, value: unknown) => {
    names.push(name);
    values.push(value);
  };
  const exported: string[] = [];
  const source = readFileSync(file, 'utf8')
    .replace(/^import \* as (\w+) from '([^']+)';/gm, (_, name, from) => {
      give(name, answer(file, from, declare));
      return '';
    })
    .replace(/^import \{([^}]+)\} from '([^']+)';/gm, (_, list, from) => {
      const module = answer(file, from, declare) as Record<string, unknown>;
      for (const name of list.split(',')) give(name.trim(), module[name.trim()]);
      return '';
    })
    .replace(/^export (?=(?:async )?function (\w+)|const (\w+))/gm, (_, made, constant) => {
      exported.push(made ?? constant);
      return '';
    });
  return new Function(...names, `${source}\nreturn { ${exported.join(', ')} };`)(...values);
}

const answer = (file: string, from: string, declare: unknown) =>
  answers[from.split('/').at(-1) as string] ?? load(`${resolve(dirname(file), from)}.js`, declare);
