// Train on pictures that are dropped on the page. Run it with `npm run example:browser`.

import plain from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm?url';
import { efficientNetLite0 } from '@tfjs-transfer/efficientnet-lite0';
import {
  attachHead,
  batchNorm,
  dispose,
  fineTune,
  linearProbe,
  loadBase,
  pipe,
  predict,
  saveModel,
  sequence,
  type TrainEvent,
  type TransferModel,
  train,
  unfreeze,
  useBackend,
} from 'tfjs-transfer';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { webgl } from 'tfjs-transfer/backends/webgl';
import { webgpu } from 'tfjs-transfer/backends/webgpu';
import { tinyCnn } from 'tfjs-transfer/bases';
import { flip } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { download } from 'tfjs-transfer/stores';
import { droppedFiles, type ImageFiles, imageFiles } from 'tfjs-transfer/web';
import { element, onDrop, report, showPredictions } from './page.ts';

const backends = {
  wasm: wasm({
    wasmPaths: {
      'tfjs-backend-wasm.wasm': plain,
      'tfjs-backend-wasm-simd.wasm': simd,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded,
    },
  }),
  webgl: webgl(),
  webgpu: webgpu(),
};

// A bundler moves files; these are where vite.config.ts puts them.
const efficientNet = { ...efficientNetLite0(), url: new URL('model.json', document.baseURI).href };

/** How each base is loaded, and by which strategy it is trained. */
const recipes = {
  efficientNetLite0: {
    base: () => loadBase(efficientNet),
    strategy: linearProbe({ epochs: 20, learningRate: 5e-3, views: 2 }),
  },
  tinyCnn: {
    base: async () => tinyCnn({ seed: 7 }),
    strategy: sequence(unfreeze(), batchNorm('train'), train({ epochs: 20, learningRate: 5e-3 })),
  },
};

let data: ImageFiles<0.2, 0> | undefined;
let tuned: TransferModel | undefined;
let run = new AbortController();

async function open(files: ArrayLike<File>): Promise<void> {
  const settings = {
    validation: 0.2,
    seed: 7,
    augment: flip(),
    onProgress: ({ done, total }: { done: number; total: number }) => report('data', `${done} of ${total} pictures`),
  } as const;
  data = await imageFiles(files, settings);
  const { train, validation, labels, skipped } = data;
  const left = skipped.length > 0 ? `; ${skipped.length} files are no pictures` : '';
  report('data', `${train.size} pictures to learn from, ${validation.size} to measure on: ${labels.join(', ')}${left}`);
  element('train', HTMLButtonElement).disabled = false;
}

async function learn(): Promise<void> {
  if (!data) return;
  run = new AbortController();
  report('log', 'loading the base');
  if (tuned) dispose(tuned);
  tuned = undefined;
  const recipe = recipes[element('base', HTMLSelectElement).value as keyof typeof recipes];
  await useBackend(backends[element('backend', HTMLSelectElement).value as keyof typeof backends]);
  const base = await recipe.base();
  const model = pipe(base, attachHead(classifier(data.labels)));
  try {
    const { signal } = run;
    const result = await fineTune(model, data, recipe.strategy, { seed: 7, signal, onEvent: showProgress });
    tuned = result.model;
    const phase = result.history.phases.at(-1);
    const accuracy = phase?.epochs.find(({ epoch }) => epoch === phase.kept)?.validation?.metrics.accuracy;
    report('log', `${result.ended}: accuracy ${accuracy?.toFixed(2) ?? 'unknown'} on pictures that it has not seen`);
    element('result', HTMLElement).hidden = false;
  } finally {
    dispose(model);
    dispose(base);
  }
}

function showProgress(event: TrainEvent): void {
  const bar = element('progress', HTMLProgressElement);
  if (event.kind === 'features') {
    bar.value = event.done / event.total;
    report('log', `features of ${event.done} of ${event.total} pictures at ${event.frontier.join(', ')}`);
  }
  if (event.kind === 'epoch') {
    bar.value = event.epoch / event.epochs;
    const accuracy = event.validation?.metrics.accuracy?.toFixed(2);
    report('log', `epoch ${event.epoch} of ${event.epochs}: loss ${event.loss.toFixed(3)}, accuracy ${accuracy}`);
  }
}

async function look(picture: File | undefined): Promise<void> {
  if (tuned && picture) showPredictions(picture, await predict(tuned, picture, { topK: 3 }));
}

/** Runs what the user asked for, and shows what went wrong. */
const attempt = (work: () => Promise<unknown>) =>
  work().catch((error: Error) => report('log', `${error.name}: ${error.message}`, true));

async function learnOnce(): Promise<void> {
  const [start, stop] = [element('train', HTMLButtonElement), element('stop', HTMLButtonElement)];
  [start.disabled, stop.disabled] = [true, false];
  await attempt(learn);
  [start.disabled, stop.disabled] = [false, true];
}

onDrop('drop', (dropped) => attempt(async () => open(await droppedFiles(dropped))));
onDrop('drop-picture', (dropped) => attempt(async () => look((await droppedFiles(dropped))[0])));
element('folder', HTMLInputElement).onchange = ({ target }) =>
  attempt(() => open((target as HTMLInputElement).files as FileList));
element('picture', HTMLInputElement).onchange = ({ target }) =>
  attempt(() => look((target as HTMLInputElement).files?.[0]));
element('settings', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  learnOnce();
};
element('stop', HTMLButtonElement).onclick = () => run.abort();
element('download', HTMLButtonElement).onclick = () =>
  attempt(async () => tuned && saveModel(tuned, download('my-pictures')));
