import plain from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm?url';
import { wasm } from '../../src/backends/wasm.ts';
import { webgl } from '../../src/backends/webgl.ts';
import { webgpu } from '../../src/backends/webgpu.ts';
import type { Backend } from '../../src/core/backend.ts';

/** The backends that run in a browser. */
export const browserBackends: readonly Backend[] = [
  wasm({
    wasmPaths: {
      'tfjs-backend-wasm.wasm': plain,
      'tfjs-backend-wasm-simd.wasm': simd,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded,
    },
  }),
  webgl(),
  webgpu(),
];
