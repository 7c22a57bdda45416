import { TransferError } from '../core/errors.ts';
import { isMissingPackage } from '../core/missing-package.ts';

/**
 * Imports a backend's package, and says what to install where it is not there.
 *
 * @param load Imports it.
 * @param packageName The package's name.
 * @returns The package's exports.
 * @throws TransferError `PACKAGE_MISSING` where the package is not installed; any other failure is passed on as it is.
 */
export async function importPackage<Module>(load: () => Promise<Module>, packageName: string): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissingPackage(cause, packageName)) throw cause;
    const message = `The package ${packageName} is not installed. Run: npm install ${packageName}`;
    throw new TransferError('PACKAGE_MISSING', message, { cause });
  }
}
