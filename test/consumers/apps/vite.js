import { wasm } from 'tfjs-transfer/backends/wasm';
import { run } from './run.js';
import { wasmPaths } from './wasm-paths.js';

globalThis.result = run(wasm({ wasmPaths }), '/base/model.json');
