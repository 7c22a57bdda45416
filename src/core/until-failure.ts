/** Waits for promises, as long as nothing fails that all of them depend on. */
export interface UntilFailure {
  /** What a promise gives, or the failure where that comes first. */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>;
  readonly fail: (reason: unknown) => void;
}

/**
 * Lets go of promises when something fails. `Promise.race` with a promise of the failure would keep every result for as
 * long as nothing fails.
 */
export function untilFailure(): UntilFailure {
  const waiting = new Set<(reason: unknown) => void>();
  let failure: { readonly reason: unknown } | undefined;
  return {
    wait: (promise) =>
      new Promise((resolve, reject) => {
        if (failure) reject(failure.reason);
        waiting.add(reject);
        promise.then(resolve, reject).finally(() => waiting.delete(reject));
      }),
    fail(reason) {
      failure ??= { reason };
      for (const reject of waiting) reject(failure.reason);
    },
  };
}
