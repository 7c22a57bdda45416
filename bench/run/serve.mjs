// What a contender of the benchmark does, asked line by line: `{"task":"forward"}` is answered by `{"seconds":0.03}`.
import { createInterface } from 'node:readline';

/**
 * Answers requests on standard input until it ends.
 *
 * @param {string} about Name and version of what is measured.
 * @param {Record<string, () => Promise<number>>} tasks Each does its work once and returns seconds for one unit of it.
 */
export async function serve(about, tasks) {
  answer({ about, tasks: Object.keys(tasks) });
  for await (const line of createInterface({ input: process.stdin })) {
    const { task } = JSON.parse(line);
    await tasks[task]().then(
      (seconds) => answer({ seconds, megabytes: process.resourceUsage().maxRSS / 1024 }),
      (error) => answer({ error: String(error?.message ?? error) }),
    );
  }
}

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** Seconds that a function takes. */
export async function secondsOf(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Seconds that the cores work for it. */
export async function cpuSecondsOf(work) {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
