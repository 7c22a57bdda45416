import { TransferError } from './errors.ts';
import { textOf } from './settings.ts';

/** What a setting may be: in words, and as a test. */
export type Range = readonly [words: string, isWithin: (value: unknown) => boolean];

const whole = (least: number): Range => [
  `a whole number from ${least}`,
  (value) => Number.isInteger(value) && (value as number) >= least,
];
const number = (words: string, isWithin: (value: number) => boolean): Range => [
  `a number ${words}`,
  (value) => Number.isFinite(value) && isWithin(value as number),
];

export const wholeFrom0 = /* @__PURE__ */ whole(0);
export const wholeFrom1 = /* @__PURE__ */ whole(1);
export const from0 = /* @__PURE__ */ number('from 0', (value) => value >= 0);
export const above0 = /* @__PURE__ */ number('above 0', (value) => value > 0);
export const from0To1 = /* @__PURE__ */ number('from 0 to 1', (value) => value >= 0 && value <= 1);
export const from0Below1 = /* @__PURE__ */ number('from 0 to below 1', (value) => value >= 0 && value < 1);

/** One of some words. */
export const oneOf = (...words: readonly string[]): Range => [
  words.map((word) => `'${word}'`).join(' or '),
  (value) => words.includes(value as string),
];

/**
 * Refuses values outside their range.
 *
 * @param caller The function that received them, for the message.
 * @param range What each of them may be.
 * @param values The values, by name.
 * @throws TransferError `INVALID_ARGUMENT`.
 */
export function assertRange(caller: string, [words, isWithin]: Range, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (isWithin(value)) continue;
    throw new TransferError('INVALID_ARGUMENT', `${caller} received ${name}: ${textOf(value)}. Pass ${words}.`);
  }
}
