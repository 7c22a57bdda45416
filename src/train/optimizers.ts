import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from '../core/optimizer.ts';
import { assertRange, from0, from0Below1, oneOf } from '../core/ranges.ts';
import { assertSettings, type Known } from '../core/settings.ts';
import { adamStep, average } from './adam-step.ts';
import { byWeight } from './by-weight.ts';

/** Settings of {@link sgd}. */
export interface SgdSettings {
  /** The share of the last update that is kept, from 0 (the default) to below 1. */
  readonly momentum?: number;
  /** Whether to look ahead (Nesterov). Default: false. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent: `v = momentum v - rate g`, and the update is v, or `momentum v - rate g` with Nesterov.
 *
 * @param settings The momentum.
 * @returns The optimizer, by Keras' conventions.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { sgd, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, learningRate: 0.01, optimizer: sgd({ momentum: 0.9, nesterov: true }) });
 * ```
 */
export function sgd(settings: SgdSettings = {}): Optimizer & Required<SgdSettings> {
  assertSettings('sgd', settings, { momentum: 0.9, nesterov: true });
  const { momentum = 0, nesterov = false } = settings;
  assertRange('sgd', from0Below1, { momentum });
  return byWeight(
    'sgd',
    { momentum, nesterov },
    (parameter) => (momentum ? { velocity: tf.zerosLike(parameter) } : {}),
    (gradient, state, _, learningRate, moved = momentum) => {
      const move = tf.mul(gradient, -learningRate);
      if (!momentum) return [move, state];
      const velocity = tf.add(tf.mul(state.velocity as tf.Tensor, moved), move);
      return [nesterov ? tf.add(tf.mul(velocity, moved), move) : velocity, { velocity }];
    },
  );
}

/** Settings of {@link adam}. */
export interface AdamSettings {
  /** The decay of the mean of gradients, from 0 to below 1. Default: 0.9. */
  readonly beta1?: number;
  /** The decay of the mean of squared gradients, from 0 to below 1. Default: 0.999. */
  readonly beta2?: number;
  /** What keeps the divisor from 0. Default: 1e-7. */
  readonly epsilon?: number;
  /** Where epsilon is added: to `sqrt(v)` (`keras`, the default) or to the bias-corrected `sqrt(v)` (`pytorch`). */
  readonly convention?: 'keras' | 'pytorch';
}

const knownInAdam: Known<AdamSettings> = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7, convention: 'keras' };

/**
 * Adam (Kingma and Ba, 2015): `-rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)`. The count t is each
 * weight's own, so that a layer that is unfrozen later starts with its own bias correction.
 *
 * @param settings The decays, epsilon and where it is added.
 * @returns The optimizer.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { adam, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, optimizer: adam({ epsilon: 1e-8, convention: 'pytorch' }) });
 * ```
 */
export function adam(settings: AdamSettings = {}): Optimizer & Required<AdamSettings> {
  assertSettings('adam', settings, knownInAdam);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, convention = 'keras' } = settings;
  assertRange('adam', from0Below1, { beta1, beta2 });
  assertRange('adam', from0, { epsilon });
  assertRange('adam', oneOf('keras', 'pytorch'), { convention });
  const known = { beta1, beta2, epsilon, convention };
  return byWeight(
    'adam',
    known,
    adamStart,
    adamRule(known, () => 0),
  );
}

/** The state of a weight that had no step of Adam. */
const adamStart = (parameter: tf.Tensor) => ({
  count: 0,
  mean: tf.zerosLike(parameter),
  square: tf.zerosLike(parameter),
});

/**
 * Adam's rule for one weight.
 *
 * @param settings Adam's settings.
 * @param decayOf The share of a weight that is taken off, times the rate, at each step.
 */
function adamRule(
  { beta1, beta2, epsilon, convention }: Required<AdamSettings>,
  decayOf: (parameter: tf.Tensor) => number,
): Parameters<typeof byWeight>[3] {
  return (gradient, state, parameter, learningRate, moved = beta1) => {
    const count = (state.count as number) + 1;
    const moments = { mean: state.mean as tf.Tensor, square: state.square as tf.Tensor };
    const [one, two] = [1 - moved ** count, Math.sqrt(1 - beta2 ** count)];
    const { update, ...next } = adamStep(gradient, parameter, moments, {
      beta1: moved,
      beta2,
      epsilon: convention === 'keras' ? epsilon : epsilon * two,
      factor: (-learningRate * two) / one,
      decay: learningRate * decayOf(parameter),
    });
    return [update, { count, ...next }];
  };
}

/** Settings of {@link adamw}. */
export interface AdamwSettings extends AdamSettings {
  /** The share of a weight that is taken off, times the rate, at each step. Default: 0.004, as in Keras. */
  readonly weightDecay?: number;
  /**
   * What decays: `all` weights (the default, as in Keras), or `matrices`, which have more than one axis: then biases and
   * the scales and shifts of normalizations do not, as transformers are tuned.
   */
  readonly decays?: 'all' | 'matrices';
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2): `-rate weightDecay w` beside Adam's step.
 *
 * @param settings The decay, what decays, and Adam's settings.
 * @returns The optimizer.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { adamw, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, optimizer: adamw({ weightDecay: 0.01, decays: 'matrices' }) });
 * ```
 */
export function adamw(settings: AdamwSettings = {}): Optimizer & Required<AdamwSettings> {
  assertSettings('adamw', settings, { weightDecay: 0.004, decays: 'all', ...knownInAdam });
  const { weightDecay = 0.004, decays = 'all', ...rest } = settings;
  assertRange('adamw', from0, { weightDecay });
  assertRange('adamw', oneOf('all', 'matrices'), { decays });
  const { beta1, beta2, epsilon, convention } = adam(rest);
  const known = { beta1, beta2, epsilon, convention };
  const decayOf = ({ rank }: tf.Tensor) => (decays === 'matrices' && rank < 2 ? 0 : weightDecay);
  return byWeight('adamw', { weightDecay, decays, ...known }, adamStart, adamRule(known, decayOf));
}

/** Settings of {@link rmsprop}. */
export interface RmspropSettings {
  /** The decay of the mean of squared gradients, from 0 to below 1. Default: 0.9. */
  readonly rho?: number;
  /** What keeps the divisor from 0. Default: 1e-7. */
  readonly epsilon?: number;
}

/**
 * RMSprop (Hinton, 2012): `-rate g / sqrt(v + epsilon)`, by Keras' convention.
 *
 * @param settings The decay and epsilon.
 * @returns The optimizer.
 * @throws TransferError `INVALID_ARGUMENT` for a setting that it does not know, or a value out of its range.
 *
 * @example
 * ```ts
 * import { rmsprop, train } from 'tfjs-transfer';
 *
 * train({ epochs: 5, optimizer: rmsprop({ rho: 0.95 }) });
 * ```
 */
export function rmsprop(settings: RmspropSettings = {}): Optimizer & Required<RmspropSettings> {
  assertSettings('rmsprop', settings, { rho: 0.9, epsilon: 1e-7 });
  const { rho = 0.9, epsilon = 1e-7 } = settings;
  assertRange('rmsprop', from0Below1, { rho });
  assertRange('rmsprop', from0, { epsilon });
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
