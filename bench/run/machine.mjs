import { execFileSync, spawnSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

const pins = spawnSync('taskset', ['--version']).status === 0;

/** What goes before a command to keep it on the first cores; nothing where the system has no taskset. */
export const onCores = (count) => (pins ? ['taskset', '-c', count === 1 ? '0' : `0-${count - 1}`] : []);

/** The machine, in a line. */
export function machine() {
  const { model } = cpus()[0];
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0].toFixed(1);
  const pinned = pins ? 'pinned by taskset' : 'not pinned: there is no taskset here';
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
