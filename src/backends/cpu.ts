/**
 * The plain JavaScript backend.
 *
 * @module tfjs-transfer/backends/cpu
 */

import type { Backend } from '../core/backend.ts';
import { assertSettings } from '../core/settings.ts';
import { registerCpuKernels } from './cpu/register.ts';
import { importPackage } from './import-package.ts';
import { registerGradients } from './shared/register.ts';

/** Settings of {@link cpu}. */
export interface CpuSettings {
  /** Imports the package, for bundlers that must see the import. Default: `import('@tensorflow/tfjs-backend-cpu')`. */
  readonly lib?: () => Promise<unknown>;
}

/**
 * The plain JavaScript backend of tfjs: runs everywhere, trains everything, slowly.
 *
 * @param settings How to import its package.
 * @returns The backend, for `useBackend`. Its `load` throws TransferError `PACKAGE_MISSING` where the package is not
 *   installed.
 *
 * @example
 * ```ts
 * import { useBackend } from 'tfjs-transfer';
 * import { cpu } from 'tfjs-transfer/backends/cpu';
 *
 * await useBackend(cpu());
 * ```
 */
export function cpu(settings: CpuSettings = {}): Backend {
  assertSettings('cpu', settings, { lib: Function });
  const { lib = () => import('@tensorflow/tfjs-backend-cpu') } = settings;
  return {
    kind: 'backend',
    name: 'cpu',
    load: async () => {
      await importPackage(lib, '@tensorflow/tfjs-backend-cpu');
      registerCpuKernels();
      registerGradients();
    },
  };
}
