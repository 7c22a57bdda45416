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
  let begun = now();
  let phase = '';
  let scores = '';

  /** Shows the line; `lasting` ones are shown where lines cannot be rewritten too. */
  function show(line: string, lasting: boolean): void {
    if (!isTTY) {
      if (lasting) stderr.write(`${line}\n`);
      return;
    }
    if (!lasting && now() - last < interval) return;
    last = now();
    open = true;
    cursorTo(stderr, 0);
    stderr.write(line.slice(0, (stderr.columns ?? 80) - 1));
    clearLine(stderr, 1);
  }

  function end(): void {
    if (open) stderr.write('\n');
    open = false;
  }

  /** The time that is left at the pace so far. */
  const left = (done: number, total: number) =>
    done > 0 && done < total ? [`${duration(((now() - begun) / done) * (total - done))} left in phase`] : [];

  function event(event: TrainEvent): void {
    if (event.kind === 'phase') {
      end();
      begun = now();
      phase = `phase ${event.phase + 1}/${event.phases}`;
      scores = '';
      epochs = event.epochs;
    } else if (event.kind === 'features') {
      const { done, total, split } = event;
      const finished = done >= total;
      show(join(phase, `features of ${split} ${done}/${total}`, ...left(done, total)), finished);
      if (finished) begun = now();
    } else if (event.kind === 'cacheExceeded') {
      end();
      const { split, bytes: needed, budget } = event;
      const line = `features of ${split} take ${bytes(needed)}, more than the ${bytes(budget)} that may be kept`;
      show(join(phase, `${line}: computed anew in each epoch`), true);
      end();
    } else if (event.kind === 'step') {
      const { epoch, step, steps, loss } = event;
      const where = [`epoch ${epoch}/${epochs}`, `step ${step}/${steps}`, `loss ${loss.toFixed(4)}`];
      show(join(phase, ...where, scores, ...left((epoch - 1) * steps + step, epochs * steps)), false);
    } else if (event.kind === 'epoch') {
      if (event.epoch === 0) begun = now();
      scores = validationText(event.validation);
      show(join(phase, epochText(event), scores, ...left(event.epoch, event.epochs)), true);
    }
  }

  let epochs = 0;
  return { count: (what, done, total) => show(`${what} ${done}/${total}`, false), event, end };
}

const join = (...parts: readonly string[]) => parts.filter(Boolean).join(' · ');

const epochText = ({ epoch, epochs, loss }: EpochRecord & { readonly epochs: number }) =>
  epoch === 0 ? 'before training' : `epoch ${epoch}/${epochs} · loss ${loss.toFixed(4)}`;

function validationText(validation: Scores | undefined): string {
  if (!validation) return '';
  const metrics = Object.entries(validation.metrics).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return `validation loss ${[validation.loss.toFixed(4), ...metrics].join(', ')}`;
}
