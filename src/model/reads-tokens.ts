import type { InputSpecification } from '../core/handle.ts';

/** Whether inputs are those of an encoder of text: ids, the mask and, where it has any, types. */
export const readsTokens = (inputs: readonly InputSpecification[]): boolean =>
  (inputs.length === 2 || inputs.length === 3) && inputs.every(({ dtype }) => dtype === 'int32');

/** The parts of encoded texts that an encoder reads: those without types leave out the last. */
export const readParts = <Part>(
  { ids, mask, types }: Readonly<Record<'ids' | 'mask' | 'types', Part>>,
  inputs: readonly InputSpecification[],
): Part[] => [ids, mask, types].slice(0, inputs.length);
