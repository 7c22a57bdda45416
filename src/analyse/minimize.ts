import { addTo, dot } from './matrix.ts';

/** A function to minimise: its value, and its gradient, which it writes. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

const memory = 10;
const mostSteps = 2000;

const norm = (vector: Float64Array) => vector.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

/**
 * Minimises a smooth convex function: L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4 and 7.5), with
 * steps halved until the function falls enough (Armijo).
 *
 * @param objective The function.
 * @param start Where it begins.
 * @param tolerance The largest entry of the gradient that counts as 0.
 * @returns The point: where the gradient is below the tolerance, or no step leads down any more, or after 2,000 steps.
 */
export function minimize(objective: Objective, start: Float64Array, tolerance: number): Float64Array {
  let point = start.slice();
  let gradient = new Float64Array(point.length);
  let value = objective(point, gradient);
  const steps: { readonly s: Float64Array; readonly y: Float64Array; readonly rho: number }[] = [];
  for (let count = 0; count < mostSteps && norm(gradient) > tolerance; count++) {
    const direction = towards(gradient, steps);
    const slope = dot(direction, gradient);
    const next = { point: new Float64Array(point.length), gradient: new Float64Array(point.length), value: Infinity };
    let length = steps.length ? 1 : Math.min(1, 1 / norm(gradient));
    // Near the minimum the function moves by less than its rounding, while the gradient still tells.
    const slack = 4 * Number.EPSILON * Math.abs(value);
    for (let halving = 0; halving < 40; halving++, length /= 2) {
      next.point.set(point);
      addTo(next.point, length, direction);
      next.gradient.fill(0);
      next.value = objective(next.point, next.gradient);
      if (next.value <= value + 1e-4 * length * slope + slack) break;
    }
    if (!(next.value <= value + slack)) break;
    const s = next.point.slice();
    addTo(s, -1, point);
    const y = next.gradient.slice();
    addTo(y, -1, gradient);
    const curvature = dot(s, y);
    if (curvature > 0) steps.push({ s, y, rho: 1 / curvature });
    if (steps.length > memory) steps.shift();
    ({ point, gradient, value } = next);
  }
  return point;
}

/** The direction of a quasi-Newton step. */
function towards(
  gradient: Float64Array,
  steps: readonly { readonly s: Float64Array; readonly y: Float64Array; readonly rho: number }[],
): Float64Array {
  const direction = gradient.map((value) => -value);
  const factors = steps.map(() => 0);
  for (let i = steps.length - 1; i >= 0; i--) {
    const { s, y, rho } = steps[i] as (typeof steps)[number];
    factors[i] = rho * dot(s, direction);
    addTo(direction, -(factors[i] as number), y);
  }
  const last = steps.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < direction.length; i++) direction[i] = scale * (direction[i] as number);
  }
  for (const [i, { s, y, rho }] of steps.entries())
    addTo(direction, (factors[i] as number) - rho * dot(y, direction), s);
  return direction;
}
