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
      await turn();
      last = performance.now();
    }
    signal?.throwIfAborted();
  };
}

/**
 * A turn of the event loop. A timer comes last: browsers hold it back for 4 ms, and in a hidden tab for a second.
 * `scheduler.yield` is none: it goes on before timers and messages, so that they would never have their turn.
 */
function turn(): Promise<void> {
  const { setImmediate } = globalThis as { readonly setImmediate?: (callback: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate) return setImmediate(resolve);
    if (typeof MessageChannel !== 'function') return setTimeout(resolve, 0);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
