// What the cache of features takes: 20,000 made-up pictures whose features, 7 x 7 x 192, take 753 MB as a whole, trained
// on within a budget of 256 MB and of 2 GiB, above a frozen part of 2 and of 24 blocks. Each run has a process of its
// own. Run it with `npm run bench:cache` (some minutes on one core).
import { execFile } from 'node:child_process';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const [depth, budget] = process.argv.slice(2).map(Number);
if (depth) await run(depth, budget);
else {
  for (const blocks of [2, 24]) {
    for (const megabytes of [256, 2048]) {
      const file = fileURLToPath(import.meta.url);
      const { stdout } = await promisify(execFile)(process.execPath, [file, String(blocks), String(megabytes)]);
      console.log(stdout.trim());
    }
  }
}

async function run(blocks, megabytes) {
  const tf = await import('@tensorflow/tfjs-core');
  const tfl = await import('@tensorflow/tfjs-layers');
  const { asBase, attachHead, fineTuneSteps, pipe, sequence, train, unfreezeTop, useBackend } = await import(
    'tfjs-transfer'
  );
  const { wasm } = await import('tfjs-transfer/backends/wasm');
  const { classifier } = await import('tfjs-transfer/heads');
  await useBackend(wasm());
  // Means: numbers that random kernels make smaller in each block would end as denormal ones, which are slow.
  const depthwise = { kernelSize: 3, padding: 'same', useBias: false };
  const depthwiseInitializer = tfl.initializers.constant({ value: 1 / 9 });
  const block = (number) => [
    tfl.layers.depthwiseConv2d({ name: `block${number}_depthwise`, ...depthwise, depthwiseInitializer }),
    tfl.layers.batchNormalization({ name: `block${number}_norm` }),
    tfl.layers.reLU({ name: `block${number}_relu` }),
  ];
  const input = { inputShape: [14, 14, 3], filters: 192, kernelSize: 3, strides: 2, padding: 'same' };
  const base = asBase(
    tfl.sequential({
      layers: [
        tfl.layers.conv2d({ name: 'stem', ...input }),
        ...Array.from({ length: blocks }, (_, index) => block(index)).flat(),
        tfl.layers.conv2d({ name: 'top', filters: 64, kernelSize: 1 }),
      ],
    }),
    { cut: false, input: { scale: 1 / 127.5, offset: -1 } },
  );
  const model = pipe(base, attachHead(classifier(['even', 'odd'])));
  const size = 20_000;
  const train20k = {
    kind: 'examples',
    size,
    targets: Array.from({ length: size }, (_, index) => index % 2),
    augmented: false,
    describe: (index) => `made-up picture ${index}`,
    async read(indices) {
      const pixels = new Float32Array(indices.length * 588);
      for (let at = 0; at < pixels.length; at++) {
        pixels[at] = Math.imul(indices[Math.floor(at / 588)] * 588 + (at % 588), 2654435761) >>> 24;
      }
      return [tf.tensor(pixels, [indices.length, 14, 14, 3])];
    },
  };
  const strategy = sequence(unfreezeTop('top'), train({ epochs: 2 }));
  const begun = performance.now();
  let cached = 0;
  let onDisk = 0;
  let before = 0;
  for await (const event of fineTuneSteps(model, { train: train20k }, strategy, { cacheBytes: megabytes * 2 ** 20 })) {
    if (event.kind === 'features' && before === 0) before = process.resourceUsage().maxRSS;
    if (event.kind === 'features') cached = performance.now();
    if (event.kind === 'step' && event.epoch === 1 && event.step === 1) onDisk = temporaryBytes();
  }
  const seconds = (from, to) => ((to - from) / 1000).toFixed(1);
  const peak = process.resourceUsage().maxRSS;
  console.log(
    `${blocks} blocks, budget ${megabytes} MiB: ${(onDisk / 1e6).toFixed(0)} MB on disk, peak RSS ${(peak / 1e3).toFixed(0)} MB ` +
      `(${(before / 1e3).toFixed(0)} MB after the first batch), features ${seconds(begun, cached)} s, ` +
      `two epochs ${seconds(cached, performance.now())} s`,
  );
}

/** The bytes of the files that this process holds open without a name (Linux). */
function temporaryBytes() {
  const paths = readdirSync('/proc/self/fd').map((descriptor) => `/proc/self/fd/${descriptor}`);
  const isOurs = (path) => {
    try {
      return /tfjs-transfer-.*\(deleted\)$/.test(readlinkSync(path));
    } catch {
      return false;
    }
  };
  return paths.filter(isOurs).reduce((sum, path) => sum + statSync(path).size, 0);
}
