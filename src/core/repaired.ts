/** What an adapter registers in the place of a kernel or a gradient of tfjs that is missing, wrong or slow. */
export interface Repaired {
  readonly repaired: true;
}

/**
 * Whether a kernel or a gradient is one of ours.
 *
 * @param registered What tfjs has registered.
 */
export function isRepaired(registered: object | undefined): boolean {
  return (registered as Partial<Repaired> | undefined)?.repaired === true;
}
