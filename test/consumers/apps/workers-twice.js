// The same run twice, without workers and with them: two batches, so that both have one.
import { run } from './run.js';

export async function twice(backend, place, workers) {
  const events = [];
  const alone = await run(backend, place, { batchSize: 2 });
  const together = await run(backend, place, { batchSize: 2, workers, onEvent: ({ kind }) => events.push(kind) });
  return { same: alone.best.score === together.best.score, ended: together.ended, died: events.includes('workerDied') };
}
