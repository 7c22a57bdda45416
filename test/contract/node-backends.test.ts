import { cpu } from '../../src/backends/cpu.ts';
import { wasm } from '../../src/backends/wasm.ts';
import { webgpu } from '../../src/backends/webgpu.ts';
import { backendContract } from './backend-contract.ts';

backendContract(cpu(), wasm(), { trajectories: 1e-4, efficientNet: 1e-4 });
backendContract(wasm(), cpu(), { trajectories: 1e-4, efficientNet: 1e-4 });
backendContract(webgpu(), wasm(), { trajectories: 1e-3, efficientNet: 1e-3 });
