import type { Application, Graph, ValueId } from './graph.ts';

const pooling = /^Global(Average|Max)Pooling/;
const between = new Set(['Dropout', 'Reshape', 'Flatten']);

const activationOf = ({ layer }: Application) => layer.getConfig().activation;

const isSoftmax = (application: Application) =>
  application.layer.getClassName() === 'Softmax' || activationOf(application) === 'softmax';

/**
 * Finds the classifier of a network: a softmax over a dense layer (or over a convolution, as in MobileNet), with the
 * dropout and the global pooling before it.
 *
 * @param graph The network.
 * @returns The value below the classifier, or undefined where the network ends otherwise.
 */
export function findClassifier(graph: Graph): ValueId | undefined {
  const producers = new Map(graph.applications.flatMap((from) => from.outputs.map((id) => [id, from] as const)));
  const [output, ...others] = graph.outputs;
  if (output === undefined || others.length > 0) return undefined;
  let id = output;
  let softmax = false;
  for (let from = producers.get(id); from; from = producers.get(id)) {
    const name = from.layer.getClassName();
    softmax ||= isSoftmax(from);
    id = from.inputs[0] as ValueId;
    if (softmax && (name === 'Dense' || name === 'Conv2D')) return belowPooling(id, producers);
    if (!isSoftmax(from) && name !== 'Reshape') return undefined;
  }
  return undefined;
}

/** Goes on below dropout and reshaping to the input of a global pooling; where there is none, below the dropout only. */
function belowPooling(start: ValueId, producers: ReadonlyMap<ValueId, Application>): ValueId {
  let id = start;
  let belowDropout = start;
  for (let from = producers.get(id); from; from = producers.get(id)) {
    const name = from.layer.getClassName();
    if (pooling.test(name)) return from.inputs[0] as ValueId;
    if (!between.has(name)) break;
    id = from.inputs[0] as ValueId;
    if (name === 'Dropout') belowDropout = id;
  }
  return belowDropout;
}
