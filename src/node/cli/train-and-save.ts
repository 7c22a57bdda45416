import type { Dataset } from '../../core/data.ts';
import type { FineTuned } from '../../core/events.ts';
import type { FeatureWorkers } from '../../core/feature-workers.ts';
import type { TransferModel } from '../../core/handle.ts';
import type { Strategy } from '../../core/strategy.ts';
import { dispose } from '../../model/dispose.ts';
import { saveModel } from '../../model/save-model.ts';
import { type Evaluation, evaluate } from '../../train/evaluate.ts';
import { fineTune } from '../../train/fine-tune.ts';
import { type CommandIo, exitCodes, print, signalOf } from './command-io.ts';
import { keptScores } from './kept-scores.ts';
import { progressOn } from './progress.ts';
import { classTable, count, duration, type Noun, skippedLines } from './text.ts';

interface TrainRequest {
  readonly model: TransferModel;
  readonly data: Dataset & {
    readonly labels: readonly string[];
    readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  };
  readonly noun: Noun;
  /** Writes what else belongs beside the model. */
  readonly keep?: (() => Promise<void>) | undefined;
  readonly strategy: Strategy;
  readonly seed: number;
  readonly workers: FeatureWorkers | undefined;
  readonly output: string;
  readonly json: boolean;
  /** When the command began, on the clock of `performance.now()`. */
  readonly started: number;
}

/**
 * Trains, saves and reports.
 *
 * @param request The model, its data, and how to train it.
 * @param io Where to report, and the signal that interrupts.
 * @returns The exit code.
 */
export async function trainAndSave(request: TrainRequest, io: CommandIo): Promise<number> {
  const { model, data, noun, keep, strategy, seed, workers, output, json, started } = request;
  const progress = progressOn(io);
  let stepped = false;
  const {
    model: tuned,
    history,
    ended,
  } = await fineTune(model, data, strategy, {
    seed,
    ...(workers && { workers }),
    ...signalOf(io),
    onEvent(event) {
      progress.event(event);
      stepped ||= event.kind === 'step';
    },
  })
    .finally(progress.end)
    .catch(disposeOf);
  try {
    const interrupted = ended === 'aborted';
    if (interrupted && !stepped) {
      print(io.stderr, `Interrupted before the first step: there is nothing to save, and ${output} is as it was.`);
      return exitCodes.interrupted;
    }
    await keep?.();
    const { location } = await saveModel(tuned, output);
    if (interrupted) print(io.stderr, `Interrupted: the best weights so far are saved to ${location}.`);
    const scores = keptScores(history);
    // The table needs the outcome of every example, and a strategy's own metrics may lack accuracy.
    const measures = !interrupted && (!json || scores?.metrics.accuracy === undefined);
    const { validation, train, labels, skipped } = data;
    const evaluation = validation && measures ? await evaluate(tuned, validation, signalOf(io)) : undefined;
    const result = {
      accuracy: scores?.metrics.accuracy ?? evaluation?.metrics.accuracy ?? null,
      loss: scores?.loss ?? null,
      classes: labels,
      images: train.size + (validation?.size ?? 0) + skipped.length,
      trained: train.size,
      skipped: skipped.length,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      output: location,
      skippedFiles: skipped,
    };
    print(io.stdout, ...(json ? [JSON.stringify(result)] : resultText(result, noun, evaluation)));
    return interrupted ? exitCodes.interrupted : exitCodes.done;
  } finally {
    dispose(tuned);
  }
}

/** Lets go of the weights that a failed run hands over. */
function disposeOf(error: unknown): FineTuned {
  const { model } = error as { readonly model?: TransferModel };
  if (model?.kind === 'transfer') dispose(model);
  throw error;
}

interface TrainResult {
  readonly accuracy: number | null;
  readonly loss: number | null;
  readonly trained: number;
  readonly seconds: number;
  readonly output: string;
  readonly skippedFiles: TrainRequest['data']['skipped'];
}

function resultText(result: TrainResult, noun: Noun, evaluation: Evaluation | undefined): string[] {
  const { accuracy, loss, trained, seconds, output, skippedFiles } = result;
  const measured =
    accuracy === null || loss === null
      ? 'No validation split: nothing was measured.'
      : `Accuracy ${accuracy.toFixed(3)}, loss ${loss.toFixed(4)} on the validation split.`;
  return [
    ...(evaluation ? [...classTable(evaluation.perClass, noun), ''] : []),
    measured,
    `Trained on ${count(trained, noun)} in ${duration(seconds * 1000)}.`,
    ...skippedLines(skippedFiles, noun),
    '',
    `The model is in ${output}. Try it:`,
    `  npx tfjs-transfer predict ${/\s/.test(output) ? `"${output}"` : output} <${noun === 'text' ? 'file' : noun}>`,
  ];
}
