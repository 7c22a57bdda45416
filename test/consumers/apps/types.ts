import {
  attachHead,
  fineTune,
  freeze,
  linearProbe,
  loadBase,
  pipe,
  predict,
  type TransferError,
  useBackend,
} from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { node } from 'tfjs-transfer/backends/node';
import { wasm } from 'tfjs-transfer/backends/wasm';
import { webgl } from 'tfjs-transfer/backends/webgl';
import { webgpu } from 'tfjs-transfer/backends/webgpu';
import { tinyCnn } from 'tfjs-transfer/bases';
import { fromArrays } from 'tfjs-transfer/data';
import { classifier } from 'tfjs-transfer/heads';
import { imageFolder } from 'tfjs-transfer/node';

export async function app(): Promise<string> {
  for (const backend of [cpu(), node(), wasm(), webgl(), webgpu()]) await useBackend(backend);
  const base = pipe(await loadBase('model.json'), freeze());
  const model = pipe(base, attachHead(classifier(['dark', 'light'])));
  const { model: tuned, ended } = await fineTune(model, { train: fromArrays([[0]], [0]) }, linearProbe());
  await fineTune(tuned, await imageFolder('flowers'), linearProbe()).catch((error: TransferError) => error.code);
  const [best] = await predict(tuned, [0]);
  // @ts-expect-error: a base without a head cannot be trained; were the types lost, this would be no error.
  await fineTune(tinyCnn(), { train: fromArrays([[0]], [0]) }, linearProbe());
  return `${ended} ${best?.label}`;
}
