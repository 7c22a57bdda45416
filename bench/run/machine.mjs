import { execFileSync, spawnSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

const pins = spawnSync('taskset', ['--version']).status === 0;

/** The one core that contenders run on. BENCH_CORE names another, where something else has the first one. */
const core = process.env.BENCH_CORE ?? '0';

/** What goes before a command to keep it on one core, or the first ones; nothing where the system has no taskset. */
export const onCores = (count) => (pins ? ['taskset', '-c', count === 1 ? core : `0-${count - 1}`] : []);

/** The machine, in a line. */
export function machine() {
  const { model } = cpus()[0];
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0].toFixed(1);
  const pinned = pins ? `pinned by taskset, to core ${core} where it is one` : 'not pinned: there is no taskset here';
  return `${cpus().length} cores of ${model.trim()}, ${memory} GiB, ${process.platform}; ${pinned}; load at the start ${load}`;
}

/** The commit that is measured. */
export function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
