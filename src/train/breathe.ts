/** How long work may hold the event loop: a frame. */
const everyMs = 16;

/**
 * Makes a function that lets other work run: pages redraw, timers fire, an abort arrives. It waits for a turn of the
 * event loop only where the last one is more than some milliseconds ago.
 *
 * @param signal Where it is aborted, the function throws.
 */
export function breather(signal: AbortSignal | undefined): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last >= everyMs) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      last = performance.now();
    }
    signal?.throwIfAborted();
  };
}
