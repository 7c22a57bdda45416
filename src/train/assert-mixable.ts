import { TransferError } from '../core/errors.ts';
import type { InputSpecification, TransferModel } from '../core/handle.ts';
import type { Mix } from '../core/mix.ts';
import { shapeText } from '../model/dense.ts';

/**
 * Refuses inputs and targets that cannot be mixed.
 *
 * @param mix How they are to be mixed.
 * @param model The model.
 * @throws TransferError `INVALID_ARGUMENT`.
 */
export function assertMixable({ name }: Mix, { inputs, head }: Pick<TransferModel, 'inputs' | 'head'>): void {
  if (head.task === 'tokenClassification') {
    throw new TransferError(
      'INVALID_ARGUMENT',
      `${name} mixes the targets of whole examples, and the head "${head.name}" has an answer for each token. Leave mix out.`,
    );
  }
  const isPicture = ({ shape }: InputSpecification) => shape.length === 3 && shape[0] != null && shape[1] != null;
  const same = new Set(inputs.map(({ shape }) => String(shape.slice(0, 2)))).size === 1;
  const isRight = name === 'mixup' || (inputs.every(isPicture) && same);
  if (isRight && inputs.every(({ dtype }) => dtype === 'float32')) return;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${name} mixes ${name === 'mixup' ? 'numbers' : 'pictures of one size'}, and the model reads ` +
      `${inputs.map(({ shape, dtype }) => `${shapeText(shape)} (${dtype})`).join(' and ')}. Leave mix out${isRight ? '' : ', or take mixup()'}.`,
  );
}
