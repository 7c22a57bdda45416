import { TransferError } from '../core/errors.ts';
import type { InputSpecification } from '../core/handle.ts';
import { isArrayLike } from '../model/dense.ts';
import type { Picture } from '../model/picture.ts';
import { readsTokens } from '../model/reads-tokens.ts';

/** The tokens of a text, as `tokenizer.encode(text)` of `tfjs-transfer/text` gives them. */
export interface EncodedText {
  readonly ids: readonly number[];
  readonly mask: readonly number[];
  readonly types: readonly number[];
}

/** What {@link predict} takes for one example. */
export type PredictInput = Picture | readonly Picture[] | EncodedText;

const isEncoded = (input: unknown): input is EncodedText =>
  typeof input === 'object' && input !== null && 'ids' in input && 'mask' in input && 'types' in input;

const isValue = (part: unknown) => typeof part === 'number' || typeof part === 'boolean' || isArrayLike(part);

/**
 * Matches what was passed to the inputs of a model.
 *
 * @param input What was passed to {@link predict}.
 * @param inputs What the model reads.
 * @returns One value for each input.
 * @throws TransferError `INVALID_DATA`.
 */
export function predictInputs(input: PredictInput, inputs: readonly InputSpecification[]): readonly Picture[] {
  const ofText = readsTokens(inputs);
  if (isEncoded(input)) {
    // The inputs of an encoder are in this order, and those without types leave out the last.
    if (ofText) return [input.ids, input.mask, input.types].slice(0, inputs.length) as Picture[];
    throw refusal('received tokens of a text; the model reads no text. Pass a picture, or load an encoder as the base');
  }
  const isList = Array.isArray(input);
  if (ofText && !(isList && input.length === inputs.length)) {
    const received = isList
      ? `an array of ${input.length}`
      : typeof input === 'string'
        ? `the text "${input.slice(0, 40)}"`
        : input === null
          ? 'null'
          : typeof input;
    throw refusal(
      `received ${received}; the model reads the tokens of a text, in ${inputs.length} inputs. ` +
        'Pass tokenizer.encode(text), with the tokenizer of its base (loadTokenizer of tfjs-transfer/text)',
    );
  }
  if (inputs.length > 1) {
    if (isList && input.length === inputs.length) return input as readonly Picture[];
    const received = isList ? `${input.length} inputs` : input === null ? 'null' : `one ${typeof input}`;
    throw refusal(`received ${received}; the model has ${inputs.length}. Pass an array with one for each`);
  }
  if (isList && input.length > 0 && !input.some(isValue)) {
    throw refusal(`received an array of ${input.length}. Pass one picture at a time, such as its path`);
  }
  return [input as Picture];
}

const refusal = (sentence: string) => new TransferError('INVALID_DATA', `predict ${sentence}.`);
