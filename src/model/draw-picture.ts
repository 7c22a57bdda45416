import type { PictureHeader } from './picture-header.ts';
import type { PixelBox, PixelSize, Pixels } from './pixels.ts';

/** What {@link drawPicture} works with: functions that name nothing outside themselves. */
export interface DrawingTools {
  readonly pictureHeader: (bytes: Uint8Array) => PictureHeader | undefined;
  readonly withoutAlpha: (data: ArrayLike<number>, width: number, height: number) => Pixels;
  readonly resizePixels: (picture: Pixels, width: number, height: number, box?: PixelBox) => Pixels;
}

/**
 * Draws what a browser can draw, and reads the pixels back: upright, in sRGB, on white where it is transparent, resized
 * by the library's own code. It names nothing outside itself but the browser, so that a page and a worker that gets its
 * source run the same and give the same pixels.
 *
 * @param source A Blob (a picture file), ImageData, or anything that `createImageBitmap` takes; it stays the caller's.
 * @param size What it is wanted as; a side that is null stays as it is.
 * @param mostPixels A larger picture is refused; a file, before it is decoded.
 * @param tools The functions that it works with.
 * @returns The pixels, in colour.
 */
export async function drawPicture(
  source: ImageBitmapSource,
  size: Pick<PixelSize, 'width' | 'height'>,
  mostPixels: number,
  tools: DrawingTools,
): Promise<Pixels> {
  const refuseHuge = (width: number, height: number) => {
    if (width * height > mostPixels) throw new Error(`${width} x ${height} pixels are more than ${mostPixels}`);
  };
  const contextOf = (width: number, height: number) => {
    // Safari before 16.4 has no OffscreenCanvas.
    const canvas =
      typeof OffscreenCanvas === 'function'
        ? new OffscreenCanvas(width, height)
        : Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D | null;
    if (!context) throw new Error('this browser gives no 2d context');
    context.globalCompositeOperation = 'copy';
    return context;
  };
  const drawn = async (): Promise<Pixels> => {
    const bitmap = await createImageBitmap(source);
    try {
      const { width, height } = bitmap;
      refuseHuge(width, height);
      const data = new Uint8ClampedArray(width * height * 3);
      // In bands: a phone refuses a canvas of more than 16 million pixels.
      const rows = Math.min(height, Math.max(1, Math.floor(4_000_000 / width)));
      const context = contextOf(width, rows);
      for (let top = 0; top < height; top += rows) {
        const count = Math.min(rows, height - top);
        context.drawImage(bitmap, 0, -top);
        const band = context.getImageData(0, 0, width, count).data;
        data.set(tools.withoutAlpha(band, width, count).data, top * width * 3);
      }
      return { data, width, height, channels: 3 };
    } finally {
      bitmap.close();
    }
  };

  const given = source as Partial<ImageData>;
  const { width: givenWidth = 0, height: givenHeight = 0 } = given;
  if (typeof Blob === 'function' && source instanceof Blob) {
    const header = tools.pictureHeader(new Uint8Array(await source.arrayBuffer()));
    if (header) refuseHuge(header.width, header.height);
    if (header?.whole === false) throw new Error('the file ends too early');
  }
  const picture =
    given.data?.length === givenWidth * givenHeight * 4 && givenWidth > 0
      ? tools.withoutAlpha(given.data, givenWidth, givenHeight)
      : await drawn();
  const { width, height } = { width: size.width ?? picture.width, height: size.height ?? picture.height };
  return width === picture.width && height === picture.height ? picture : tools.resizePixels(picture, width, height);
}
