/**
 * Makes a function that lets other work run: pages redraw, timers fire, an abort arrives. It waits for a turn of the
 * event loop only where the last one is more than some milliseconds ago.
 *
 * @param everyMs How long work may hold the event loop.
 */
export function breather(everyMs = 16): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMs) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}
