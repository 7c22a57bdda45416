/** Where the base's files are, and how to prepare pictures for it. A frozen plain record. */
export interface EfficientNetLite0Source {
  readonly kind: 'base-source';
  readonly name: 'efficientnet-lite0';
  /** The address of `model.json`; the shards lie beside it. */
  readonly url: string;
  /** The network's input is `scale * pixel + offset`, for RGB pixels from 0 to 255, 224 x 224. */
  readonly input: { readonly scale: number; readonly offset: number };
  readonly licence: 'Apache-2.0';
  /** The SHA-256 of the shards' bytes, one after the other, in hexadecimal. */
  readonly sha256: string;
}

/**
 * Names EfficientNet-Lite0, trained on ImageNet-1k, as a base to load. Reads nothing itself.
 *
 * @returns The record that `loadBase` takes.
 *
 * @example
 * const base = await loadBase(efficientNetLite0());
 */
export declare function efficientNetLite0(): EfficientNetLite0Source;
