import { cpu } from '../../src/backends/cpu.ts';
import { backendContract } from '../contract/backend-contract.ts';
import { browserBackends } from './backends.ts';

for (const backend of browserBackends) {
  const within = backend.name === 'wasm' ? 1e-4 : 1e-3;
  backendContract(backend, cpu(), { trajectories: within, efficientNet: within });
}
