import { clearLine, cursorTo } from 'node:readline';
import type { EpochRecord, Scores, TrainEvent } from '../../core/events.ts';
import type { CommandIo } from './command-io.ts';
import { bytes, duration } from './text.ts';

/** Says on stderr how far the work is: in one line that is rewritten on a terminal, in plain lines elsewhere. */
export interface Progress {
  /** A count of pictures that were looked at. */
  readonly count: (what: string, done: number, total: number) => void;
  readonly event: (event: TrainEvent) => void;
  /** Leaves the line, so that other text can follow. */
  readonly end: () => void;
}

/** How often the line is rewritten, in milliseconds. */
const interval = 100;

/**
 * Starts a progress line.
 *
 * @param io Where to write.
 * @param now The clock, in milliseconds.
 */
export function progressOn({ stderr, isTTY }: CommandIo, now: () => number = () => performance.now()): Progress {
  let last = Number.NEGATIVE_INFINITY;
  let open = false;
  let written = '';
  let begun = now();
  let phase = '';
  let epochs = 0;
  let scores: readonly string[] = [];

  /** Shows the line; `lasting` ones are shown where lines cannot be rewritten too. */
  function show(parts: readonly string[], lasting: boolean): void {
    const given = [...parts];
    if (!isTTY) {
      const line = given.join(separator);
      if (!lasting || line === written) return;
      stderr.write(`${line}\n`);
      written = line;
      return;
    }
    if (!lasting && now() - last < interval) return;
    last = now();
    open = true;
    cursorTo(stderr, 0);
    // A line that wraps cannot be rewritten. Some terminals say that they have 0 columns.
    const width = (stderr.columns || 80) - 1;
    while (given.length > 1 && given.join(separator).length > width) given.pop();
    stderr.write(given.join(separator).slice(0, width));
    clearLine(stderr, 1);
  }

  function end(): void {
    if (open) stderr.write('\n');
    open = false;
  }

  /** The phase, and the time that is left of it at the pace so far. */
  const timed = (done: number, total: number) =>
    done > 0 && done < total ? `${phase} (${duration(((now() - begun) / done) * (total - done))} left)` : phase;

  function event(event: TrainEvent): void {
    if (event.kind === 'phase') {
      end();
      begun = now();
      phase = `phase ${event.phase + 1}/${event.phases}`;
      scores = [];
      epochs = event.epochs;
    } else if (event.kind === 'features') {
      const { done, total } = event;
      const finished = done >= total;
      show([timed(done, total), `${featuresOf(event)} ${done}/${total}`], finished);
      if (finished) begun = now();
    } else if (event.kind === 'cacheExceeded') {
      end();
      const { bytes: needed, budget, action, reason } = event;
      const line = `${featuresOf(event)} take ${bytes(needed)}, more than the ${bytes(budget)} that may be kept`;
      const what = action === 'spilled' ? reason : `computed anew in each epoch (${reason})`;
      show([phase, `${line}: ${what}`], true);
      end();
    } else if (event.kind === 'foldingRefused') {
      end();
      const difference = (100 * event.difference).toPrecision(2);
      show([phase, `${event.layer} would differ by ${difference} % if it was folded: it runs layer by layer`], true);
      end();
    } else if (event.kind === 'workerDied') {
      end();
      show([phase, `a worker ended (${event.reason}): its pictures are done again`, `${event.left} left`], true);
      end();
    } else if (event.kind === 'step') {
      const { epoch, step, steps, loss } = event;
      const where = [`epoch ${epoch}/${epochs}`, `step ${step}/${steps}`, `loss ${loss.toFixed(4)}`];
      show([timed((epoch - 1) * steps + step, epochs * steps), ...where, ...scores], false);
    } else if (event.kind === 'epoch') {
      if (event.epoch === 0) begun = now();
      scores = validationParts(event.validation);
      show([timed(event.epoch, event.epochs), ...epochParts(event), ...scores], true);
    }
  }

  return { count: (what, done, total) => show([`${what} ${done}/${total}`], false), event, end };
}

const separator = ' · ';

const featuresOf = ({ split, frontier }: Extract<TrainEvent, { readonly kind: 'features' | 'cacheExceeded' }>) =>
  `features of ${split} at ${frontier.join(', ')}`;

const epochParts = ({ epoch, epochs, loss }: EpochRecord & { readonly epochs: number }) =>
  epoch === 0 ? ['before training'] : [`epoch ${epoch}/${epochs}`, `loss ${loss.toFixed(4)}`];

/** The metrics come first: they are what a narrow terminal keeps. */
function validationParts(validation: Scores | undefined): string[] {
  if (!validation) return [];
  const metrics = Object.entries(validation.metrics).map(([name, value]) => `validation ${name} ${value.toFixed(3)}`);
  return [...metrics, `validation loss ${validation.loss.toFixed(4)}`];
}
