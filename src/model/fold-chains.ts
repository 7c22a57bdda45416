import type { FusedActivation } from './fused-kernel.ts';
import type { Application, Graph, ValueId } from './graph.ts';
import { activationOf, type LinearOperation, linearLayer } from './linear-layer.ts';
import { asBatchNormalization, type BatchNormalization } from './tfjs-internals.ts';

/** Applications that run as one: a convolution or product, the normalisation of what it gives, an activation. */
export interface Chain {
  /** One, two of a separable convolution, or none where there is a normalisation alone. */
  readonly operations: readonly LinearOperation[];
  readonly normalization: BatchNormalization | undefined;
  readonly activation: FusedActivation;
  readonly channels: 'first' | 'last';
}

/** An application, or one that stands for a chain of them: its inputs are those of the first, its outputs of the last. */
export interface Joined extends Application {
  readonly chain?: Chain;
}

/**
 * Returns who reads each value that one application reads, once, and nothing else.
 *
 * @param applications The applications.
 * @param wanted The values that must come out.
 */
export function soleReaders<Reader extends Application>(
  applications: readonly Reader[],
  wanted: Iterable<ValueId>,
): ReadonlyMap<ValueId, Reader> {
  const readers = new Map<ValueId, Reader[]>();
  for (const application of applications) {
    for (const id of application.inputs) readers.set(id, [...(readers.get(id) ?? []), application]);
  }
  for (const id of wanted) readers.delete(id);
  return new Map([...readers].flatMap(([id, [reader, other]]) => (reader && !other ? [[id, reader]] : [])));
}

/**
 * Finds the chains among applications.
 *
 * @param graph The network that they belong to.
 * @param applications The applications, in order.
 * @param wanted The values that must come out, and so lie within no chain.
 * @param isConstant Whether a BatchNormalization normalises by its moving statistics.
 * @returns The applications, in order, each chain as one.
 */
export function joinChains(
  { values }: Graph,
  applications: readonly Application[],
  wanted: Iterable<ValueId>,
  isConstant: (application: Application) => boolean = () => true,
): Joined[] {
  const readers = soleReaders(applications, wanted);
  const taken = new Set<Application>();
  return applications.flatMap((application) => {
    if (taken.has(application)) return [];
    const { chain, last } = chainFrom(application);
    return chain ? [{ ...application, outputs: last.outputs, chain }] : [application];
  });

  function chainFrom(first: Application): { readonly chain: Chain | undefined; readonly last: Application } {
    let last = first;
    const follow = <T>(read: (next: Application) => T | undefined): T | undefined => {
      const next = readers.get(last.outputs[0] as ValueId);
      const found = next && read(next);
      if (next && found !== undefined) {
        taken.add(next);
        last = next;
      }
      return found;
    };
    const linear = linearLayer(first.layer) ?? { operations: [], activation: 'linear', channels: 'last' };
    const rank = 1 + (values.get(first.outputs[0] as ValueId)?.shape.length ?? 0);
    const normalize = (application: Application) => {
      const normalization = asBatchNormalization(application.layer);
      const axis = linear.channels === 'first' ? 1 : rank - 1;
      const alongChannels = normalization && [axis, axis - rank].includes(normalization.axis);
      return alongChannels && isConstant(application) ? normalization : undefined;
    };
    const alone = linear.operations.length === 0 ? normalize(first) : undefined;
    if (linear.operations.length === 0 && !alone) return { chain: undefined, last };
    const normalization = alone ?? (linear.activation === 'linear' ? follow(normalize) : undefined);
    const activation =
      linear.activation === 'linear' ? (follow(({ layer }) => activationOf(layer)) ?? 'linear') : linear.activation;
    return { chain: { ...linear, normalization, activation }, last };
  }
}
