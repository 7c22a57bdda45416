/**
 * The kind of a value of the library, whatever was passed.
 *
 * @param given The value.
 * @returns `base`, `head`, `phase`, ...; undefined for anything else.
 */
export function kindOf(given: unknown): string | undefined {
  const kind = (given as { readonly kind?: unknown } | null | undefined)?.kind;
  return typeof kind === 'string' ? kind : undefined;
}
