import type { InputSpecification } from '../core/handle.ts';

/** Whether inputs are those of an encoder of text: ids, the mask and, where it has any, types. */
export const readsTokens = (inputs: readonly InputSpecification[]): boolean =>
  (inputs.length === 2 || inputs.length === 3) && inputs.every(({ dtype }) => dtype === 'int32');
