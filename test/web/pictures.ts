import { readFile } from '../support/read-file.ts';

/** A File with a path in a folder, as a page gets it where a folder is chosen. */
export function fileAt(path: string, content: BlobPart): File {
  const file = new File([content], path.split('/').at(-1) as string);
  return Object.defineProperty(file, 'webkitRelativePath', { value: path });
}

/** An emoji picture as a File: `food/apple.png`. */
export async function emojiFile(path: string): Promise<File> {
  const bytes = await readFile(`examples/data/emoji/google/${path}`);
  return fileAt(`google/${path}`, bytes as Uint8Array<ArrayBuffer>);
}

/** A canvas of noise that grows brighter to the right: any difference in how it is resized shows. */
export function noise(width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  for (let at = 0; at < image.data.length; at++) {
    const brightness = (150 * (Math.floor(at / 4) % width)) / width;
    image.data[at] = at % 4 === 3 ? 255 : brightness + ((Math.imul(at, 2654435761) >>> 24) % 100);
  }
  (canvas.getContext('2d') as OffscreenCanvasRenderingContext2D).putImageData(image, 0, 0);
  return canvas;
}

/** A JPEG with the orientation that a camera writes (EXIF: 6 and 8 lie on a side). */
export async function turned(jpeg: Blob, orientation: number): Promise<Blob> {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const exif = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  const segment = Uint8Array.of(0xff, 0xe1, 0, exif.length + 2, ...exif);
  return new Blob([jpeg.slice(0, 2), segment, jpeg.slice(2)], { type: 'image/jpeg' });
}
