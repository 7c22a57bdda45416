import type { Tensor } from '@tensorflow/tfjs-core';
import { TransferError } from '../core/errors.ts';
import type { Lease, WeightKey } from '../core/handle.ts';
import type { Graph } from './graph.ts';
import { type Variables, variablesByKey } from './weights.ts';

/** A network that handles share: its graph, the variables of its layers, and how many handles still read them. */
export interface Network {
  readonly graph: Graph;
  readonly variables: Variables;
  /** Takes part in the ownership of the variables; the last to give back frees them, where the library owns them. */
  hold(): void;
  giveBack(): void;
}

/**
 * Makes a network.
 *
 * @param graph The network's applications.
 * @param release Called when the last handle is disposed.
 */
export function networkOf(graph: Graph, release: () => void): Network {
  let holders = 0;
  return {
    graph,
    variables: variablesByKey(graph),
    hold: () => {
      holders++;
    },
    giveBack: () => {
      if (--holders === 0) release();
    },
  };
}

/**
 * Makes the lease of a new handle. It owns the given tensors from here on.
 *
 * @param network The network that the handle reads.
 * @param values The weights that differ from the network's variables.
 * @param others Further tensors that the handle owns.
 */
export function leaseOf(
  network: Network,
  values: Readonly<Record<WeightKey, Tensor>>,
  others: readonly Tensor[] = [],
): Lease {
  let disposed = false;
  network.hold();
  const tensors = [...Object.values(values), ...others];
  const reference = new WeakRef(tensors);
  leased.add(reference);
  return {
    network,
    values,
    get disposed() {
      return disposed;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const tensor of tensors) tensor.dispose();
      network.giveBack();
      leased.delete(reference);
    },
    // Handles are written as what they say of themselves: a network points back to itself.
    toJSON() {},
  } as Lease;
}

/** What leases own. Weakly: a handle that nobody disposed may still be collected. */
const leased = new Set<WeakRef<readonly Tensor[]>>();

/** The tensors of all handles that are not disposed. */
export function leasedTensors(): readonly Tensor[] {
  return [...leased].flatMap((reference) => {
    const tensors = reference.deref();
    if (!tensors) leased.delete(reference);
    return tensors ?? [];
  });
}

/**
 * The network behind a handle.
 *
 * @throws TransferError `DISPOSED` where the handle was disposed.
 */
export function networkBehind(handle: { readonly lease: Lease; readonly origin: { readonly name: string } }): Network {
  if (handle.lease.disposed) {
    throw new TransferError(
      'DISPOSED',
      `The model "${handle.origin.name}" was disposed, or a handle that shares its weights was. Edits such as freeze() ` +
        'share the weights of the model that they are given: dispose the last of them only.',
    );
  }
  return handle.lease.network as Network;
}
