import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer, OptimizerState, Tensors } from '../core/optimizer.ts';

type WeightState = OptimizerState[string];

/** Makes an optimizer from a rule for one weight. */
function byWeight<Settings extends object>(
  name: string,
  settings: Settings,
  start: (parameter: tf.Tensor) => WeightState,
  rule: (
    gradient: tf.Tensor,
    state: WeightState,
    parameter: tf.Tensor,
    learningRate: number,
  ) => readonly [update: tf.Tensor, state: WeightState],
): Optimizer & Settings {
  return {
    kind: 'optimizer',
    name,
    ...settings,
    init: (parameters) => mapRecord(parameters, start),
    update(gradients, state, parameters, learningRate) {
      const results = mapRecord(gradients, (gradient, key) =>
        rule(gradient, state[key] as WeightState, parameters[key] as tf.Tensor, learningRate),
      );
      return { updates: mapRecord(results, ([update]) => update), state: mapRecord(results, ([, next]) => next) };
    },
  };
}

const mapRecord = <A, B>(record: Readonly<Record<string, A>>, change: (value: A, key: string) => B) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));

/** `old * share + fresh * (1 - share)`. */
const average = (old: tf.Tensor, fresh: tf.Tensor, share: number) =>
  tf.add(tf.mul(old, share), tf.mul(fresh, 1 - share));

/** Settings of {@link sgd}. */
export interface SgdSettings {
  /** The share of the last update that is kept. Default: 0. */
  readonly momentum?: number;
  /** Whether to look ahead (Nesterov). Default: false. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent: `v = momentum v - rate g`, and the update is v, or `momentum v - rate g` with Nesterov.
 *
 * @param settings The momentum.
 * @returns The optimizer, by Keras' conventions.
 *
 * @example
 * ```ts
 * import { sgd, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, learningRate: 0.01, optimizer: sgd({ momentum: 0.9, nesterov: true }) });
 * ```
 */
export function sgd({ momentum = 0, nesterov = false }: SgdSettings = {}): Optimizer & Required<SgdSettings> {
  return byWeight(
    'sgd',
    { momentum, nesterov },
    (parameter) => (momentum ? { velocity: tf.zerosLike(parameter) } : {}),
    (gradient, state, _, learningRate) => {
      const move = tf.mul(gradient, -learningRate);
      if (!momentum) return [move, state];
      const velocity = tf.add(tf.mul(state.velocity as tf.Tensor, momentum), move);
      return [nesterov ? tf.add(tf.mul(velocity, momentum), move) : velocity, { velocity }];
    },
  );
}

/** Settings of {@link adam}. */
export interface AdamSettings {
  /** The decay of the mean of gradients. Default: 0.9. */
  readonly beta1?: number;
  /** The decay of the mean of squared gradients. Default: 0.999. */
  readonly beta2?: number;
  /** What keeps the divisor from 0. Default: 1e-7. */
  readonly epsilon?: number;
  /** Where epsilon is added: to `sqrt(v)` (`keras`, the default) or to the bias-corrected `sqrt(v)` (`pytorch`). */
  readonly convention?: 'keras' | 'pytorch';
}

/**
 * Adam (Kingma and Ba, 2015): `-rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)`. The count t is each
 * weight's own, so that a layer that is unfrozen later starts with its own bias correction.
 *
 * @param settings The decays, epsilon and where it is added.
 * @returns The optimizer.
 *
 * @example
 * ```ts
 * import { adam, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, optimizer: adam({ epsilon: 1e-8, convention: 'pytorch' }) });
 * ```
 */
export function adam(settings: AdamSettings = {}): Optimizer & Required<AdamSettings> {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, convention = 'keras' } = settings;
  return byWeight(
    'adam',
    { beta1, beta2, epsilon, convention },
    (parameter) => ({ count: 0, mean: tf.zerosLike(parameter), square: tf.zerosLike(parameter) }),
    (gradient, state, _, learningRate) => {
      const count = (state.count as number) + 1;
      const mean = average(state.mean as tf.Tensor, gradient, beta1);
      const square = average(state.square as tf.Tensor, tf.square(gradient), beta2);
      const [one, two] = [1 - beta1 ** count, Math.sqrt(1 - beta2 ** count)];
      const divisor = tf.add(tf.sqrt(square), convention === 'keras' ? epsilon : epsilon * two);
      return [tf.mul(tf.div(mean, divisor), (-learningRate * two) / one), { count, mean, square }];
    },
  );
}

/** Settings of {@link adamw}. */
export interface AdamwSettings extends AdamSettings {
  /** The share of a weight that is taken off, times the rate, at each step. Default: 0.004, as in Keras. */
  readonly weightDecay?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2): `-rate weightDecay w` beside Adam's step.
 *
 * @param settings The decay and Adam's settings.
 * @returns The optimizer.
 *
 * @example
 * ```ts
 * import { adamw, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, optimizer: adamw({ weightDecay: 0.01 }) });
 * ```
 */
export function adamw(settings: AdamwSettings = {}): Optimizer & Required<AdamwSettings> {
  const { weightDecay = 0.004, ...rest } = settings;
  const inner = adam(rest);
  return {
    ...inner,
    name: 'adamw',
    weightDecay,
    update(gradients, state, parameters, learningRate) {
      const step = inner.update(gradients, state, parameters, learningRate);
      const decayed = (update: tf.Tensor, key: string) =>
        tf.sub(update, tf.mul(parameters[key] as tf.Tensor, learningRate * weightDecay));
      return { ...step, updates: mapRecord(step.updates, decayed) };
    },
  };
}

/** Settings of {@link rmsprop}. */
export interface RmspropSettings {
  /** The decay of the mean of squared gradients. Default: 0.9. */
  readonly rho?: number;
  /** What keeps the divisor from 0. Default: 1e-7. */
  readonly epsilon?: number;
}

/**
 * RMSprop (Hinton, 2012): `-rate g / sqrt(v + epsilon)`, by Keras' convention.
 *
 * @param settings The decay and epsilon.
 * @returns The optimizer.
 *
 * @example
 * ```ts
 * import { rmsprop, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, optimizer: rmsprop({ rho: 0.95 }) });
 * ```
 */
export function rmsprop({ rho = 0.9, epsilon = 1e-7 }: RmspropSettings = {}): Optimizer & Required<RmspropSettings> {
  return byWeight(
    'rmsprop',
    { rho, epsilon },
    (parameter) => ({ square: tf.zerosLike(parameter) }),
    (gradient, state, _, learningRate) => {
      const square = average(state.square as tf.Tensor, tf.square(gradient), rho);
      return [tf.mul(tf.div(gradient, tf.sqrt(tf.add(square, epsilon))), -learningRate), { square }];
    },
  );
}

/**
 * Scales all gradients down together so that their norm is at most a bound (Pascanu et al., 2013, algorithm 1):
 * `g min(1, bound / (norm + 1e-6))`, as PyTorch's `clip_grad_norm_`.
 *
 * @param maximum The bound on the square root of the sum of all squares.
 * @returns An optimizer to put before another one with {@link chain}.
 *
 * @example
 * ```ts
 * import { adamw, chain, clipByGlobalNorm, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, optimizer: chain(clipByGlobalNorm(1), adamw()) });
 * ```
 */
export function clipByGlobalNorm(maximum: number): Optimizer & { readonly maximum: number } {
  return {
    kind: 'optimizer',
    name: 'clipByGlobalNorm',
    maximum,
    init: () => ({}),
    update(gradients, state) {
      const factor = tf.minimum(1, tf.div(maximum, tf.add(globalNorm(gradients), 1e-6)));
      return { updates: mapRecord(gradients, (gradient) => tf.mul(gradient, factor)), state };
    },
  };
}

/**
 * The square root of the sum of all squares.
 *
 * @param tensors The tensors by key.
 * @returns A scalar.
 */
export function globalNorm(tensors: Tensors): tf.Scalar {
  const squares = Object.values(tensors).map((tensor) => tf.sum<tf.Scalar>(tf.square(tensor)));
  return tf.sqrt(tf.addN<tf.Scalar>([tf.scalar(0), ...squares]));
}

/**
 * Optimizers one after the other: each turns the updates of the one before it into its own.
 *
 * @param optimizers The optimizers, the one that applies the learning rate last.
 * @returns The optimizer.
 *
 * @example
 * ```ts
 * import { chain, clipByGlobalNorm, sgd, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, learningRate: 0.1, optimizer: chain(clipByGlobalNorm(1), sgd()) });
 * ```
 */
export function chain(...optimizers: readonly Optimizer[]): Optimizer & { readonly optimizers: readonly Optimizer[] } {
  // Each part's fields are kept under the part's position, so that two parts with a field of one name do not meet.
  const own = (state: OptimizerState, part: number): OptimizerState =>
    mapRecord(state, (fields) =>
      Object.fromEntries(
        Object.entries(fields)
          .filter(([field]) => field.startsWith(`${part}.`))
          .map(([field, value]) => [field.slice(`${part}.`.length), value]),
      ),
    );
  const merge = (states: readonly OptimizerState[]): OptimizerState => {
    const merged: Record<string, Record<string, tf.Tensor | number>> = {};
    states.forEach((state, part) => {
      for (const [key, fields] of Object.entries(state)) {
        merged[key] ??= {};
        for (const [field, value] of Object.entries(fields)) merged[key][`${part}.${field}`] = value;
      }
    });
    return merged;
  };
  return {
    kind: 'optimizer',
    name: 'chain',
    optimizers,
    init: (parameters) => merge(optimizers.map((optimizer) => optimizer.init(parameters))),
    update(gradients, state, parameters, learningRate) {
      let updates = gradients;
      const states = optimizers.map((optimizer, part) => {
        const step = optimizer.update(updates, own(state, part), parameters, learningRate);
        updates = step.updates;
        return step.state;
      });
      return { updates, state: merge(states) };
    },
  };
}
