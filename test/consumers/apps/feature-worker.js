import { wasm } from 'tfjs-transfer/backends/wasm';
import { serveFeatures } from 'tfjs-transfer/web';
import { wasmPaths } from './wasm-paths.js';

serveFeatures(wasm({ wasmPaths }));
