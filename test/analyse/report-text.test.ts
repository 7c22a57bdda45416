import { expect, test } from 'vitest';
import { reportText } from '../../src/analyse/report-text.ts';
import { measuresOf } from '../../src/analyse/transfer-measures.ts';

const transfer = [
  [0.5, 0.75, 1],
  [0.5, 0.75, 1],
];
const scratch = [
  [0.25, 0.5, 0.75],
  [0.25, 0.5, 0.75],
];
const report = { ...measuresOf(transfer, scratch), metric: 'accuracy', seeds: [1, 2], curves: { transfer, scratch } };

test('a report as text has its verdict, its numbers with their intervals, and the time to the threshold', () => {
  expect(reportText({ ...report, zeroStep: { transfer: 0.9, scratch: 0.4 } })).toBe(
    `positive transfer, over 2 seeds
jumpstart     0.250 (0.250 to 0.250)
asymptote     0.250 (0.250 to 0.250)
total reward  0.250 (0.250 to 0.250)
ratio         1.500 (1.500 to 1.500)
epochs to accuracy 0.750: 1, from scratch 2
without a step 0.900, from scratch 0.400`,
  );
});

test('what a report has not, it does not say', () => {
  const single = { ...report, ...measuresOf([[0.5, 0.5]], [[0.2, 0.3]], 0.9), seeds: [7] };
  const text = reportText(single);
  expect(text).toContain('no verdict of one seed: pass two or more\n');
  expect(text).toContain('jumpstart     0.300\n');
  expect(text).toContain('epochs to accuracy 0.900: never, from scratch never');
  expect(text).not.toMatch(/undefined|NaN|without a step/);
});
