import * as tf from '@tensorflow/tfjs-core';
import { lora, type TransferModel } from 'tfjs-transfer';
import { factorsOf } from '../../src/model/low-rank.ts';
import { leaseOf, networkBehind } from '../../src/model/network.ts';
import { golden } from './encoders.ts';

/** The update that the references of tiny-bert have. */
export const referenceLora = { r: 4, alpha: 8, targetModules: ['query', 'value'] } as const;

/** The factors of the references, by the key of the kernel, and what peft calls each: A and B lie the other way there. */
export const referenceFactors = [0, 1, 2].flatMap((layer) =>
  (['query', 'value'] as const).flatMap((part) => {
    const { A, B } = factorsOf(`layer_${layer}/attention/${part}/kernel`);
    const named = (side: string) =>
      `base_model.model.bert.encoder.layer.${layer}.attention.self.${part}.lora_${side}.default.weight`;
    return [
      [A, named('A')],
      [B, named('B')],
    ] as const;
  }),
);

/** A model of tiny-bert with the updates that the references began with. The caller disposes it and what it is made of. */
export async function withFirstUpdates(start: TransferModel): Promise<TransferModel> {
  const model = lora(referenceLora)(start);
  const first = await golden('test/goldens/text/tiny-bert/lora.start.safetensors');
  const clones = Object.entries(start.lease.values).map(([key, value]) => [key, tf.clone(value)] as const);
  const factors = referenceFactors.map(([key, name]) => [key, tf.transpose(first[name] as tf.Tensor)] as const);
  const scales = referenceFactors
    .filter(([key]) => key.endsWith('A'))
    .map(([key]) => [key.replace(/A$/, 'scale'), tf.scalar(referenceLora.alpha / referenceLora.r)] as const);
  tf.dispose(Object.values(first));
  return Object.freeze({
    ...model,
    lease: leaseOf(networkBehind(start), Object.fromEntries([...clones, ...factors, ...scales])),
  });
}
