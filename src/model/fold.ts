import * as tf from '@tensorflow/tfjs-core';
import type { FoldingRefused } from '../core/events.ts';
import type { Lease } from '../core/handle.ts';
import type { Tensors } from '../core/optimizer.ts';
import { infer, type Override, type Value, type Values } from './execute.ts';
import { type Chain, joinChains } from './fold-chains.ts';
import { differencesByFolding, threshold } from './fold-check.ts';
import { type ChainWeights, chainWeights } from './fold-weights.ts';
import type { Application, ValueId } from './graph.ts';
import type { Network } from './network.ts';
import { runChain } from './run-chain.ts';
import { tidy } from './tidy.ts';
import { withValues } from './weights.ts';
import { joinResiduals, mapParts, runWidened, type Widened } from './widened.ts';

/** What was found out about folding a network; several folders may share it. */
export interface Findings {
  /** Which runs may be folded: by backend, and what is given and wanted. */
  readonly allowed: Map<string, boolean>;
  /** What was refused, until somebody takes it out. */
  readonly refused: FoldingRefused[];
}

/** No findings yet. */
export const noFindings = (): Findings => ({ allowed: new Map(), refused: [] });

const ofLeases = new WeakMap<Lease, Findings>();

/** The findings about a handle as it is, which `predict` and `evaluate` share: whether it may be folded is found out once. */
export function findingsOf(lease: Lease): Findings {
  const known = ofLeases.get(lease) ?? noFindings();
  ofLeases.set(lease, known);
  return known;
}

/** Runs parts of a network in inference mode, with BatchNormalization and activations folded into the layers before. */
export interface Folder {
  /**
   * Runs applications; their weights must be the same at each call. The first time that values are wanted, one example is
   * run by the layers themselves as well, and where the two differ all is run by the layers from there on.
   *
   * @param weights The weights that differ from the network's variables.
   * @param applications The applications, in order.
   * @param given The values that are there already; they stay the caller's.
   * @param wanted The values to return, owned by the caller.
   */
  infer(
    weights: Tensors,
    applications: readonly Application[],
    given: Values,
    wanted: readonly ValueId[],
  ): Promise<Value[]>;
  /** Frees the folded weights; the next run folds anew. */
  dispose(): void;
}

/**
 * Runs applications in inference mode.
 *
 * @param network The network.
 * @param weights The weights that differ from the network's variables.
 * @param applications The applications, in order.
 * @param given The values that are there already; they stay the caller's.
 * @param wanted The values to return, owned by the caller.
 * @param override What runs in place of layers. Default: the layers run themselves.
 */
export function runLayers(
  { variables }: Network,
  weights: Tensors,
  applications: readonly Application[],
  given: Values,
  wanted: readonly ValueId[],
  override?: Override,
): Value[] {
  // Updates of low rank make kernels for the time of the run.
  return tidy(() => withValues(variables, weights, () => infer(applications, given, wanted, override)));
}

/**
 * Makes a folder of a network. It owns the weights that it folds until it is disposed.
 *
 * @param network The network.
 * @param findings What is known already; added to.
 */
export function folderOf(network: Network, { allowed, refused }: Findings): Folder {
  const folded = new Map<string, ChainWeights>();
  let backend = tf.backend();

  const dispose = () => {
    for (const { filters, bias } of folded.values()) tf.dispose([...filters, ...(bias ? [bias] : [])]);
    folded.clear();
  };

  function weightsOf({ inputs, outputs }: Application, chain: Chain): ChainWeights {
    const key = `${inputs}>${outputs}`;
    const known = folded.get(key);
    if (known) return known;
    const made = tf.tidy(() => {
      const { filters, bias } = chainWeights(chain);
      return { filters: filters.map((filter) => tf.keep(tf.clone(filter))), bias: bias && tf.keep(tf.clone(bias)) };
    });
    folded.set(key, made);
    return made;
  }

  const override: Override = ({ parts, ...application }: Widened, [input]) => {
    const { chain } = application;
    if (!chain) return undefined;
    if (!parts) return runChain(chain, input as tf.Tensor, weightsOf(application, chain));
    const weighted = mapParts(parts, (part) => {
      const own = part.chain as Chain;
      return { chain: own, weights: weightsOf(part, own) };
    });
    return runWidened(input as tf.Tensor, weighted);
  };

  return {
    async infer(weights, applications, given, wanted) {
      // What was folded on a backend stays there.
      if (backend !== tf.backend()) dispose();
      backend = tf.backend();
      const joined = joinChains(network.graph, applications, wanted);
      const widened = joinResiduals(joined, wanted);
      const run = (values: Values, fold: boolean) =>
        fold
          ? runLayers(network, weights, widened, values, wanted, override)
          : runLayers(network, weights, applications, values, wanted);
      const key = `${tf.getBackend()}:${[...given.keys()]}>${wanted}`;
      if (!allowed.has(key)) {
        // Without a normalisation the arithmetic is the same.
        const isFolding = joined.some(({ chain }) => chain?.normalization);
        const differences = isFolding ? await differencesByFolding(given, run) : [];
        const worst = Math.max(0, ...differences);
        allowed.set(key, worst <= threshold);
        if (worst > threshold) {
          const id = wanted[differences.indexOf(worst)] as ValueId;
          const { path } = applications.find(({ outputs }) => outputs.includes(id)) as Application;
          refused.push({ kind: 'foldingRefused', layer: path, difference: worst, threshold });
        }
      }
      return run(given, allowed.get(key) as boolean);
    },
    dispose,
  };
}
