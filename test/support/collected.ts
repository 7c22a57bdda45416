import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/**
 * How many values somebody still holds.
 *
 * @param values What was seen, in earlier turns of the event loop.
 */
export function heldOf(values: readonly WeakRef<object>[]): number {
  collectGarbage();
  return values.filter((value) => value.deref()).length;
}
