/** A pretrained base that a package brings, as data: {@link loadBase} reads it. */
export interface BaseSource {
  readonly kind: 'base-source';
  readonly name: string;
  /** Where its model.json lies: a `file:` or `https:` URL. */
  readonly url: string;
  /** How values of its input are scaled: `x * scale + offset`. */
  readonly input: { readonly scale: number | readonly number[]; readonly offset: number | readonly number[] };
  readonly licence?: string;
  /** SHA-256 of the weight files one after the other, in hexadecimal; other bytes are refused. */
  readonly sha256?: string;
}
