/** What the bytes of a picture say before it is decoded. */
export interface PictureHeader {
  readonly width: number;
  readonly height: number;
  /** Whether the bytes go on to the end of the picture: decoders of browsers fill what is missing with grey. */
  readonly whole: boolean;
}

/**
 * Reads the size of a PNG, JPEG, GIF, WebP, BMP or AVIF without decoding it: a header of some bytes can promise any size.
 * It names nothing outside itself, so that its source can be sent to a worker.
 *
 * @param bytes The file.
 * @returns The size and whether the file is whole (of a GIF, BMP and AVIF not looked at), or undefined where the format is
 * another or the header is broken.
 */
export function pictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));

  const png = (): PictureHeader => {
    let at = 8;
    while (at + 12 <= bytes.length && text(at + 4, 4) !== 'IEND') at += 12 + view.getUint32(at);
    return { width: view.getUint32(16), height: view.getUint32(20), whole: at + 12 <= bytes.length };
  };

  const jpeg = (): PictureHeader | undefined => {
    let size: { width: number; height: number } | undefined;
    let at = 2;
    while (at + 1 < bytes.length) {
      const marker = bytes[at + 1] as number;
      // Between segments lie coded pixels, in which FF is followed by 0 or by a restart marker, and padding, which is FF.
      if (bytes[at] !== 0xff || marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) {
        at++;
        continue;
      }
      // The end, or the middle of a segment.
      if (marker === 0xd9 || at + 3 >= bytes.length) break;
      const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
      if (isFrame) size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
      at += 2 + view.getUint16(at + 2);
    }
    return size && { ...size, whole: bytes[at] === 0xff && bytes[at + 1] === 0xd9 };
  };

  const webp = (): PictureHeader | undefined => {
    const whole = bytes.length >= 8 + view.getUint32(4, true);
    const three = (at: number) => view.getUint16(at, true) + ((bytes[at + 2] as number) << 16);
    const kind = text(12, 4);
    if (kind === 'VP8X') return { width: three(24) + 1, height: three(27) + 1, whole };
    if (kind === 'VP8 ') {
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff, whole };
    }
    if (kind !== 'VP8L') return undefined;
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, whole };
  };

  const avif = (): PictureHeader | undefined => {
    // The largest of the image's spatial extents: tiles and thumbnails have some of their own.
    let size: PictureHeader | undefined;
    for (let at = 12; at + 16 <= Math.min(bytes.length, 65536); at++) {
      if (bytes[at] !== 0x69 || text(at, 4) !== 'ispe') continue;
      const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
      if (!size || width * height > size.width * size.height) size = { width, height, whole: true };
    }
    return size;
  };

  try {
    if (text(0, 8) === '\x89PNG\r\n\x1a\n') return png();
    if (text(0, 3) === '\xff\xd8\xff') return jpeg();
    if (text(0, 4) === 'RIFF' && text(8, 4) === 'WEBP') return webp();
    if (text(0, 4) === 'GIF8') return { width: view.getUint16(6, true), height: view.getUint16(8, true), whole: true };
    if (text(0, 2) === 'BM') {
      return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)), whole: true };
    }
    return text(4, 4) === 'ftyp' ? avif() : undefined;
  } catch {
    // A number beyond the last byte: the decoder will say what is wrong.
    return undefined;
  }
}
