import { gradientContract } from '../contract/gradients-contract.ts';
import { layerContract } from '../contract/gradients-layers-contract.ts';
import { browserBackends } from './backends.ts';

for (const backend of browserBackends) gradientContract(backend, backend.name === 'wasm' ? 1e-4 : 1e-3);

// The others do the same in Node.
for (const backend of browserBackends.filter(({ name }) => name === 'webgl')) layerContract(backend, 1e-3);
