import type { Tensor } from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { Base, LayerInfo, TransferModel } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { download } from '../model/device.ts';
import { factorsOf, isFactor, kernelOf, updateOf } from '../model/low-rank.ts';

/**
 * The layers of a handle, with the factors of updates among their weights.
 *
 * @param model The handle.
 * @param factors The factors, by key.
 * @throws TransferError `INVALID_ARGUMENT` where a kernel is not there, or has another shape; `INVALID_ORDER` where it has
 * an update.
 */
export async function factorInfos(
  { layers, origin }: Base | TransferModel,
  factors: Tensors,
): Promise<readonly LayerInfo[]> {
  const waiting = new Set(Object.keys(factors).map(kernelOf));
  const described: LayerInfo[] = [];
  for (const layer of layers) {
    const added = [];
    for (const kernel of layer.weights.filter(({ key }) => waiting.delete(key))) {
      if (layer.weights.some(({ key }) => isFactor(key) && kernelOf(key) === kernel.key)) {
        throw new TransferError('INVALID_ORDER', `${kernel.key} has an update already. Pass a model without.`);
      }
      const { B, scale } = factorsOf(kernel.key);
      const [value] = await download(factors[scale] as Tensor);
      const infos = updateOf(kernel, { r: factors[B]?.shape[0] as number, scale: value as number, seed: 0 });
      const other = infos.find(({ key, shape }) => String(factors[key]?.shape) !== String(shape));
      if (other) {
        throw new TransferError(
          'INVALID_ARGUMENT',
          `${other.key} has the shape [${factors[other.key]?.shape}], and [${other.shape}] fits ${origin.name}. Pass the base that the updates were trained on.`,
        );
      }
      added.push(...infos);
    }
    described.push({ ...layer, weights: [...layer.weights, ...added] });
  }
  if (waiting.size === 0) return described;
  throw new TransferError(
    'INVALID_ARGUMENT',
    `${origin.name} lacks ${[...waiting].join(', ')}, which have updates. Pass the base that these were trained on.`,
  );
}
