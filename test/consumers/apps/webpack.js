import { wasm } from 'tfjs-transfer/backends/wasm';
import { run } from './run.js';

const file = (url) => url.href;
const wasmPaths = {
  'tfjs-backend-wasm.wasm': file(new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm', import.meta.url)),
  'tfjs-backend-wasm-simd.wasm': file(
    new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm', import.meta.url),
  ),
  'tfjs-backend-wasm-threaded-simd.wasm': file(
    new URL('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm', import.meta.url),
  ),
};
globalThis.result = run(wasm({ wasmPaths }), '/base/model.json');
