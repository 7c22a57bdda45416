import { wasm } from 'tfjs-transfer/backends/wasm';
import { featureWorkers } from 'tfjs-transfer/web';
import { wasmPaths } from './wasm-paths.js';
import { twice } from './workers-twice.js';

const program = () => new Worker(new URL('./feature-worker.js', import.meta.url), { type: 'module' });
globalThis.result = twice(wasm({ wasmPaths }), '/base/model.json', featureWorkers(2, program));
