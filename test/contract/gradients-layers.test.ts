import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { webgpu } from '../../src/backends/webgpu.ts';
import { useBackend } from '../../src/model/use-backend.ts';
import { canTrain } from '../../src/train/can-train.ts';
import { layerCases } from './gradients-layers.ts';
import { layerContract } from './gradients-layers-contract.ts';
import { slopesOf, withModel } from './gradients-of-layers.ts';

// The other backends are compared with cpu, so cpu is compared with the loss itself.
describe('the gradients of layers on cpu are those of the loss', () => {
  test.each(layerCases)('$name', async (one) => {
    await useBackend(cpu());
    if (!(await withModel(one, (model) => canTrain(model).ok))) return;
    const [byGradients, byDifferences] = await slopesOf(one);
    expect(Math.abs(byGradients - byDifferences)).toBeLessThan(1e-3 + 5e-3 * Math.abs(byDifferences));
  });
});

layerContract(wasm(), 1e-4);
layerContract(webgpu(), 1e-3);
