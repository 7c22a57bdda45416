import { TransferError } from '../core/errors.ts';

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
    const { code, message = '' } = cause as { readonly code?: string; readonly message?: string };
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || /failed to resolve|cannot find/i.test(message);
    if (!missing || !message.includes(name)) throw cause;
    throw new TransferError('PACKAGE_MISSING', `The package ${name} is not installed. Run: npm install ${name}`, { cause });
  }
}
