import { TransferError } from '../core/errors.ts';
import type { InputSpecification } from '../core/handle.ts';
import { textOf } from '../core/settings.ts';
import { isArrayLike } from '../model/dense.ts';
import type { Picture } from '../model/picture.ts';
import { readParts, readsTokens } from '../model/reads-tokens.ts';

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
    if (ofText) return readParts(input, inputs) as Picture[];
    throw refusal('received tokens of a text; the model reads no text. Pass a picture');
  }
  const isList = Array.isArray(input);
  const received = isList ? `an array of ${input.length}` : textOf(input);
  const isRight = isList && input.length === inputs.length;
  if (ofText && !isRight) {
    throw refusal(
      `received ${received}; the model reads the tokens of a text, in ${inputs.length} inputs. ` +
        'Pass tokenizer.encode(text) (loadTokenizer of tfjs-transfer/text)',
    );
  }
  if (inputs.length > 1) {
    if (isRight) return input as readonly Picture[];
    throw refusal(`received ${received}; the model has ${inputs.length} inputs. Pass an array with one for each`);
  }
  if (isList && input.length > 0 && !input.some(isValue)) {
    throw refusal(`received ${received}. Pass one picture at a time`);
  }
  return [input as Picture];
}

const refusal = (sentence: string) => new TransferError('INVALID_DATA', `predict ${sentence}.`);
