import { TransferError } from '../core/errors.ts';
import { isMissingPackage } from '../core/missing-package.ts';

/**
 * Imports a backend's package, and says what to install where it is not there.
 *
 * @param load Imports it.
 * @param name The package's name.
 * @throws TransferError `PACKAGE_MISSING`; any other failure is passed on.
 */
export async function importPackage<Module>(load: () => Promise<Module>, name: string): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissingPackage(cause, name)) throw cause;
    throw new TransferError('PACKAGE_MISSING', `The package ${name} is not installed. Run: npm install ${name}`, {
      cause,
    });
  }
}
