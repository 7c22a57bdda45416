/**
 * Whether an import failed because the package is not there. Hosts say it in different words: Node and its resolvers by
 * a code, browsers and development servers by the message alone.
 *
 * @param error What the import threw.
 * @param name The package that was imported. An error that misses another one (a dependency of it) does not count.
 */
export function isMissingPackage(error: unknown, name: string): boolean {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const text = String(message);
  const isNotFound =
    code === 'ERR_MODULE_NOT_FOUND' ||
    code === 'MODULE_NOT_FOUND' ||
    /cannot find (package|module)|could not resolve|failed to (resolve|load|fetch)|error resolving module/i.test(text);
  const named = new RegExp(`(^|[\\s'"\`])${name.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&')}(?=$|[\\s'"\`:?.,/])`);
  return isNotFound && named.test(text);
}
