import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onCores } from './machine.mjs';

/**
 * Starts a process that answers as serve.mjs and serve.py do. It waits between requests, so that contenders take turns.
 *
 * @param {string} name What the table calls it.
 * @param {readonly string[]} command Program and arguments.
 * @param {{ cores?: number, env?: Record<string, string> }} settings Cores that it is pinned to (default 1), and variables.
 */
export async function start(name, command, { cores = 1, env = {} } = {}) {
  const threads = {
    OMP_NUM_THREADS: cores,
    TF_NUM_INTRAOP_THREADS: cores,
    TF_NUM_INTEROP_THREADS: 1,
    TF_CPP_MIN_LOG_LEVEL: 3,
  };
  const [program, ...rest] = [...onCores(cores), ...command];
  const child = spawn(program, rest, {
    env: {
      ...process.env,
      ...Object.fromEntries(Object.entries(threads).map(([key, value]) => [key, String(value)])),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const errors = [];
  child.stderr.on('data', (text) => errors.push(String(text)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended: ${errors.join('').trim().split('\n').slice(-3).join(' | ')}`);
      // What a library prints on its own is no answer.
      if (value.startsWith('{')) return JSON.parse(value);
    }
  };
  const { about, tasks } = await next();
  return {
    name,
    about,
    tasks,
    async run(task) {
      child.stdin.write(`${JSON.stringify({ task })}\n`);
      const { error, ...result } = await next();
      if (error) throw new Error(`${name}, ${task}: ${error}`);
      return result;
    },
    close: () => child.kill(),
  };
}
