import type { Strategy } from '../core/strategy.ts';
import { strategyFromJSON } from '../train/strategy-from-json.ts';

type Json = Readonly<Record<string, unknown>>;

/** The arguments of what takes others than its record has. */
const argumentsOf: Readonly<Record<string, (settings: Json) => readonly unknown[]>> = {
  unfreezeTop: ({ top }) => [top],
  unfreezeOnly: ({ names }) => names as readonly string[],
  batchNorm: ({ policy }) => [policy],
  clipByGlobalNorm: ({ maximum }) => [maximum],
  auc: ({ label }) => [label],
  chain: ({ optimizers }) => optimizers as readonly unknown[],
  coTuning: ({ strength, ...relation }) => [relation, { strength }],
  distillation: ({ labels, logits, ...settings }) => [{ labels, logits }, settings],
};

/**
 * Writes a strategy as code: a JavaScript module that exports it as `strategy`.
 *
 * @param strategy The strategy.
 * @returns The text of the module. Settings that were left out stay out; recipes are written as what they are made of.
 * @throws TransferError `INVALID_ARGUMENT` where it holds a value that is none of this library's.
 *
 * @example
 * ```ts
 * import { linearProbe } from 'tfjs-transfer';
 * import { strategyCode } from 'tfjs-transfer/analyse';
 *
 * console.log(strategyCode(linearProbe({ epochs: 5 })));
 * // import { freeze, sequence, train } from 'tfjs-transfer';
 * //
 * // export const strategy = sequence(
 * //   freeze(),
 * //   train({ epochs: 5 }),
 * // );
 * ```
 */
export function strategyCode(strategy: Strategy): string {
  const names = new Set(['sequence']);
  const text = JSON.stringify(strategy);
  strategyFromJSON(text);
  const steps = (JSON.parse(text) as readonly unknown[]).map((step) => `  ${written(step, names)},\n`);
  return `import { ${[...names].sort().join(', ')} } from 'tfjs-transfer';\n\nexport const strategy = sequence(\n${steps.join('')});\n`;
}

/** A value as an expression; the functions that it calls are added to the names. */
function written(value: unknown, names: Set<string>): string {
  if (Array.isArray(value)) return `[${value.map((one) => written(one, names)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const { kind, name, ...settings } = value as Json;
  if (typeof kind !== 'string' || typeof name !== 'string') return record(value as Json, names);
  const [, top] = (kind === 'metric' && /^top(\d+)$/.exec(name)) || [];
  names.add(top ? 'topK' : name);
  if (top) return `topK(${top})`;
  const given = argumentsOf[name]?.(settings);
  if (given) return `${name}(${given.map((one) => written(one, names)).join(', ')})`;
  return `${name}(${Object.keys(settings).length ? record(settings, names) : ''})`;
}

const record = (values: Json, names: Set<string>) =>
  `{ ${Object.entries(values)
    .map(([key, value]) => `${key}: ${written(value, names)}`)
    .join(', ')} }`;
