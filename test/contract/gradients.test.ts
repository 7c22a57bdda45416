import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { webgpu } from '../../src/backends/webgpu.ts';
import { gradientContract } from './gradients-contract.ts';

gradientContract(cpu(), 1e-4);
gradientContract(wasm(), 1e-4);
gradientContract(webgpu(), 1e-3);
