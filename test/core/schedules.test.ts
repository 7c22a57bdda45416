import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cosine, linear, oneCycle, type Schedule } from '../../src/core/schedules.ts';

const golden = JSON.parse(readFileSync(new URL('../goldens/text/schedules.golden.json', import.meta.url), 'utf8'));
const named = (start: string) => golden[Object.keys(golden).find((key) => key.startsWith(start)) as string] as number[];

test.each<[string, Schedule]>([
  ['oneCycle: max .1', oneCycle()],
  ['fastai fit_one_cycle', oneCycle({ pctStart: 0.25, finalDiv: 1e5 })],
  ['cosine: base .1', cosine({ warmup: 4 })],
  ['linear: base .1', linear({ warmup: 4 })],
])('%s agrees with PyTorch and Hugging Face', (name, schedule) => {
  const rates = named(name);
  expect(rates).toHaveLength(20);
  rates.forEach((rate, step) => {
    expect(Math.abs(schedule.rateAt(0.1, step, 20) - rate)).toBeLessThan(1e-6);
  });
});
