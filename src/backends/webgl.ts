/**
 * The graphics processor in every browser.
 *
 * @module tfjs-transfer/backends/webgl
 */

import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from '../core/backend.ts';
import { TransferError } from '../core/errors.ts';
import { assertSettings } from '../core/settings.ts';
import { importPackage } from './import-package.ts';
import { registerGradients } from './shared/register.ts';
import { registerWebglKernels } from './webgl/register.ts';

/** Settings of {@link webgl}. */
export interface WebglSettings {
  /** Imports the package, for bundlers that must see the import. Default: `import('@tensorflow/tfjs-backend-webgl')`. */
  readonly lib?: () => Promise<unknown>;
}

/**
 * The WebGL backend of tfjs: the graphics processor, in every browser.
 *
 * @param settings How to import its package.
 * @returns The backend, for `useBackend`. Its `load` throws TransferError `PACKAGE_MISSING` where the package is not
 *   installed, and `BACKEND_UNKNOWN` where there is no browser or no WebGL.
 *
 * @example
 * ```ts
 * import { useBackend } from 'tfjs-transfer';
 * import { cpu } from 'tfjs-transfer/backends/cpu';
 * import { webgl } from 'tfjs-transfer/backends/webgl';
 *
 * await useBackend('document' in globalThis ? webgl() : cpu());
 * ```
 */
export function webgl(settings: WebglSettings = {}): Backend {
  assertSettings('webgl', settings, { lib: Function });
  const { lib = () => import('@tensorflow/tfjs-backend-webgl') } = settings;
  return {
    kind: 'backend',
    name: 'webgl',
    load: async () => {
      assertWebgl();
      await importPackage(lib, '@tensorflow/tfjs-backend-webgl');
      registerWebglKernels();
      registerGradients();
      // Later kernels misread packed results of elementwise operations: gradients are off in the third digit.
      tf.env().set('WEBGL_PACK_BINARY_OPERATIONS', false);
      // Else small tensors are computed here or there, as they happen to lie, and the same seed gives other bits.
      tf.env().set('WEBGL_CPU_FORWARD', false);
    },
  };
}

function assertWebgl(): void {
  const canvas = globalThis.document?.createElement('canvas') ?? offscreen();
  const gl = canvas?.getContext('webgl2') ?? canvas?.getContext('webgl');
  // A page may have some 16 contexts: this one is given back.
  (gl as WebGLRenderingContext | null | undefined)?.getExtension('WEBGL_lose_context')?.loseContext();
  if (gl) return;
  const reason = canvas
    ? 'could not start: the browser gives no WebGL context (hardware acceleration is off, or the graphics processor is blocked).'
    : 'needs a browser: there is no canvas here. In Node, node() of tfjs-transfer/backends/node is the fast one.';
  throw new TransferError(
    'BACKEND_UNKNOWN',
    `The backend "webgl" ${reason} What works everywhere: wasm() of tfjs-transfer/backends/wasm.`,
  );
}

const offscreen = () => (globalThis.OffscreenCanvas ? new OffscreenCanvas(1, 1) : undefined);
