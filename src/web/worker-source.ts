import { drawingTools, mostPixels } from '../model/decode-picture.ts';
import { type DrawingTools, drawPicture } from '../model/draw-picture.ts';
import type { PixelSize, Pixels } from '../model/pixels.ts';

/** What a worker is asked for. */
export interface PictureRequest {
  readonly source: Blob | ImageData | ImageBitmap;
  readonly size: Pick<PixelSize, 'width' | 'height'>;
}

/** What a worker says: at first that it can work, then the pixels that it was asked for, or why there are none. */
export type PictureReply = 'ready' | { readonly pixels: Pixels } | { readonly reason: string };

/**
 * The program of a worker that draws pictures: the source of the functions that the page itself draws with. So it needs
 * no file that a bundler would have to know of, and gives the same pixels.
 */
export function workerSource(): string {
  const tools = Object.entries(drawingTools).map(([name, tool]) => `${name}: ${tool}`);
  return `(${serve})(${drawPicture}, ${mostPixels}, { ${tools.join(', ')} });`;
}

/** Runs in the worker: like what is handed to it, it names nothing of this module. */
function serve(draw: typeof drawPicture, mostPixels: number, tools: DrawingTools): void {
  addEventListener('message', async ({ data }: MessageEvent<PictureRequest>) => {
    try {
      const pixels = await draw(data.source, data.size, mostPixels, tools);
      postMessage({ pixels }, { transfer: [pixels.data.buffer] });
    } catch (error) {
      postMessage({ reason: String((error as Error | undefined)?.message ?? error) });
    }
  });
  // Without a canvas in workers this throws, and the page draws.
  if (new OffscreenCanvas(1, 1).getContext('2d')) postMessage('ready');
  else throw new Error('workers of this browser have no 2d canvas');
}
