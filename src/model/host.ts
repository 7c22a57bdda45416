/**
 * A module of Node, without an import that a bundler for browsers would trip over.
 *
 * @param name The module, such as `node:fs/promises`.
 * @returns The module, or undefined outside Node (20.16 or newer).
 */
export function nodeBuiltin(name: string): unknown {
  return globalThis.process?.getBuiltinModule?.(name);
}
