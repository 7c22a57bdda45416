import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import type { InputSpecification } from '../../src/core/handle.ts';
import { type Picture, toInput } from '../../src/model/picture.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { droppedFiles } from '../../src/web/dropped-files.ts';
import { imageExamples } from '../../src/web/image-examples.ts';
import { imageFiles } from '../../src/web/image-files.ts';
import { snapshot } from '../../src/web/snapshot.ts';
import { videoFrames } from '../../src/web/video-frames.ts';
import { emojiFile, fileAt, noise, turned } from '../web/pictures.ts';

const input = (height: number, width: number, channels = 3): InputSpecification => ({
  shape: [height, width, channels],
  dtype: 'float32',
  scale: 1,
  offset: 0,
});

let before = 0;
beforeAll(() => useBackend(cpu()));
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(before));

async function valuesOf(tensor: tf.Tensor | undefined): Promise<number[]> {
  const values = [...((await tensor?.data()) ?? [])];
  tensor?.dispose();
  return values;
}

/** What a dataset gives of a picture. */
async function ofDataset(image: ImageBitmapSource, specification: InputSpecification): Promise<number[]> {
  const examples = await imageExamples([{ image, target: 0 }]);
  return valuesOf((await examples.read([0], { inputs: [specification] }))[0]);
}

/** What `predict` makes of a picture. */
const ofPredict = async (picture: Picture, specification: InputSpecification) =>
  valuesOf(await toInput(picture, specification));

const jpegOf = (canvas: OffscreenCanvas) => canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });

function paintedCanvas(colour: string): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = 40;
  canvas.height = 30;
  paint(canvas, colour);
  return canvas;
}

function paint(canvas: HTMLCanvasElement, colour: string): void {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
}

describe('a dataset has the pixels of predict, to the last bit', () => {
  const sizes = [input(64, 48), input(7, 9, 1), input(300, 500)];
  const files: readonly [string, () => Promise<Blob>][] = [
    ['a picture with transparency', () => emojiFile('food/apple.png')],
    ['a photograph', () => jpegOf(noise(1203, 701))],
    ['one that lies on its side', async () => turned(await jpegOf(noise(200, 100)), 6)],
    ['one of many bands', () => noise(3000, 2100).convertToBlob({ type: 'image/webp' })],
  ];
  test.each(files)('%s', async (_name, make) => {
    const file = await make();
    for (const size of sizes) {
      const values = await ofDataset(file, size);
      expect(values.length).toBe(tf.util.sizeFromShape(size.shape as number[]));
      expect(new Set(values).size).toBeGreaterThan(5);
      expect(values).toEqual(await ofPredict(file, size));
    }
  });

  test('canvas, bitmap, ImageData and their snapshots', async () => {
    const canvas = noise(120, 80);
    const image = (canvas.getContext('2d') as OffscreenCanvasRenderingContext2D).getImageData(0, 0, 120, 80);
    const bitmap = await createImageBitmap(canvas);
    for (const size of sizes) {
      const expected = await ofPredict(image, size);
      for (const source of [canvas, bitmap, image, await snapshot(canvas)]) {
        expect(await ofDataset(source, size)).toEqual(expected);
        expect(await ofPredict(source, size)).toEqual(expected);
      }
    }
    const small = await snapshot(canvas, { size: 32 });
    expect(await ofDataset(small, input(32, 32))).toEqual(await ofPredict(canvas, input(32, 32)));
    bitmap.close();
  });
});

test('a canvas counts as it was when it was passed', async () => {
  const canvas = paintedCanvas('#ff0000');
  const examples = await imageExamples([{ image: canvas, target: 0 }]);
  paint(canvas, '#0000ff');
  const [batch] = await examples.read([0], { inputs: [input(1, 1)] });
  expect(await valuesOf(batch)).toEqual([255, 0, 0]);
});

test('a playing video gives frame after frame, until a signal ends them', async () => {
  const canvas = paintedCanvas('#000000');
  let painted = 0;
  const painter = setInterval(() => paint(canvas, `rgb(${(++painted * 16) % 256} 0 0)`), 30);
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = canvas.captureStream(30);
  await video.play();
  const controller = new AbortController();
  const frames: ImageData[] = [];
  for await (const frame of videoFrames(video, { size: 8, signal: controller.signal })) {
    frames.push(frame);
    if (frames.length === 6) controller.abort();
  }
  clearInterval(painter);
  expect(frames.map(({ width, height }) => [width, height])).toEqual(new Array(6).fill([8, 8]));
  expect(new Set(frames.map(({ data }) => data[0])).size).toBeGreaterThan(2);
  for await (const _frame of videoFrames(video, { signal: controller.signal })) throw new Error('no more frames');
  for (const track of (video.srcObject as MediaStream).getTracks()) track.stop();
  await expect(snapshot(document.createElement('video'))).rejects.toMatchObject({ code: 'INVALID_DATA' });
});

test('the orientation of a photograph is applied', async () => {
  const canvas = new OffscreenCanvas(32, 16);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.fillStyle = '#ff0000';
  context.fillRect(0, 0, 16, 16);
  context.fillStyle = '#0000ff';
  context.fillRect(16, 0, 16, 16);
  const photograph = await turned(await jpegOf(canvas), 8); // the right side is up
  const isBlue = ([red = 0, , blue = 0]: number[]) => blue > 200 && red < 60;
  const values = await ofDataset(photograph, input(2, 1));
  expect([isBlue(values.slice(0, 3)), isBlue(values.slice(3, 6))]).toEqual([true, false]);
});

test('what is no whole picture is skipped and listed, and named where it breaks later', async () => {
  const photograph = await jpegOf(noise(64, 64));
  const apple = await emojiFile('food/apple.png');
  const webp = await noise(32, 32).convertToBlob({ type: 'image/webp' });
  const header = new Uint8Array(await apple.slice(0, 33).arrayBuffer());
  new DataView(header.buffer).setUint32(16, 20_000);
  new DataView(header.buffer).setUint32(20, 20_000);
  const files = [
    fileAt('pets/cat/1.jpg', photograph),
    fileAt('pets/cat/2.png', apple),
    fileAt('pets/dog/1.png', apple),
    fileAt('pets/dog/2.webp', webp),
    fileAt('pets/cat/half.jpg', photograph.slice(0, -200)),
    fileAt('pets/cat/half.png', apple.slice(0, -30)),
    fileAt('pets/cat/half.webp', webp.slice(0, -40)),
    fileAt('pets/cat/notes.png', 'these are notes'),
    fileAt('pets/cat/empty.png', ''),
    fileAt('pets/cat/huge.png', new Blob([header, await apple.slice(33).arrayBuffer()])),
    fileAt('pets/cat/list.txt', 'a list'),
    fileAt('pets/cat/.hidden.png', 'hidden'),
    fileAt('pets/dog/more/1.png', apple),
    fileAt('pets/.DS_Store', ''),
    fileAt('pets/readme.md', 'about'),
  ];
  const progress: string[] = [];
  const data = await imageFiles(files, { onProgress: ({ done, total }) => progress.push(`${done}/${total}`) });
  expect(data.labels).toEqual(['cat', 'dog']);
  expect(data.decodedIn).toBe('worker');
  expect(data.pictures.map(({ name, target }) => [name, target])).toEqual([
    ['cat/1.jpg', 0],
    ['cat/2.png', 0],
    ['dog/1.png', 1],
    ['dog/2.webp', 1],
  ]);
  const reasons = Object.fromEntries(data.skipped.map(({ file, reason }) => [file, reason]));
  expect(Object.keys(reasons)).toEqual([
    'cat/empty.png',
    'cat/half.jpg',
    'cat/half.png',
    'cat/half.webp',
    'cat/huge.png',
    'cat/list.txt',
    'cat/notes.png',
    'dog/more/',
    'readme.md',
  ]);
  for (const kind of ['jpg', 'png', 'webp']) expect(reasons[`cat/half.${kind}`]).toMatch(/ends too early/);
  expect(reasons['cat/huge.png']).toMatch(/20000 x 20000 pixels are more than 100000000/);
  expect(reasons['cat/notes.png']).toMatch(/could not be decoded/);
  expect([progress.at(-1), progress.length]).toEqual(['10/10', 10]);

  const broken = await imageExamples([{ image: files[7] as File, target: 0 }]);
  await expect(broken.read([0], { inputs: [input(8, 8)] })).rejects.toMatchObject({
    code: 'INVALID_DATA',
    message: expect.stringMatching(/^pets\/cat\/notes\.png cannot be decoded/),
  });
  await expect(toInput(files[9] as File, input(8, 8))).rejects.toMatchObject({
    code: 'INVALID_DATA',
    message: expect.stringMatching(/^huge\.png cannot be decoded: 20000 x 20000/),
  });
});

test('single files that are dropped are listed', async () => {
  const dropped = new DataTransfer();
  dropped.items.add('text', 'text/plain');
  dropped.items.add(new File(['a'], 'a.png'));
  expect((await droppedFiles(dropped)).map(({ name }) => name)).toEqual(['a.png']);
  expect(await droppedFiles(null)).toEqual([]);
});

test('where workers are forbidden, the page draws the same', async () => {
  const apple = await emojiFile('food/apple.png');
  const frame = document.createElement('iframe');
  const result = new Promise<{ values: number[]; decodedIn: string }>((resolve) => {
    addEventListener('message', ({ data, source }) => source === frame.contentWindow && resolve(data), { once: true });
  });
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="worker-src 'none'">
    <script type="module">
      import { pictureDecoder } from '${new URL('../../src/web/picture-decoder.ts', import.meta.url)}';
      addEventListener('message', async ({ data }) => {
        const decoder = pictureDecoder();
        const { data: pixels } = await decoder.decode(data, 'apple', { width: 48, height: 20, channels: 3 });
        parent.postMessage({ values: [...pixels], decodedIn: decoder.decodedIn() }, '*');
      });
      document.body.dataset.ready = 'yes';
    </script>`;
  document.body.append(frame);
  await expect.poll(() => frame.contentDocument?.body?.dataset.ready, { timeout: 30_000 }).toBe('yes');
  frame.contentWindow?.postMessage(apple, '*');
  const { values, decodedIn } = await result;
  frame.remove();
  expect(decodedIn).toBe('page');
  expect(values).toEqual(await ofDataset(apple, input(20, 48)));
});
