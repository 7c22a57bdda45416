import type { Head } from '../../core/head.ts';
import type { Family } from './encoder-config.ts';

/** A class of transformers that has a head like ours. */
export interface PyTorchClass {
  readonly name: string;
  /** What it calls the dense layers of the head, from the base up. */
  readonly layers: readonly string[];
  /** What it calls the pooler, where that belongs to its head. */
  readonly pooler?: string;
}

/** What transformers calls each family. */
export const families: Readonly<Record<Family, string>> = {
  bert: 'Bert',
  roberta: 'Roberta',
  distilbert: 'DistilBert',
};

/**
 * The class of transformers that computes what a head does.
 *
 * @param family The family.
 * @param cut What the head reads: `pooler`, `first`, `mean` or `tokens`.
 * @param head The head.
 * @param width The width of the encoder.
 * @returns The class; undefined where there is none: then encoder and head are files of their own.
 */
export function classOf(family: Family, cut: string, head: Head, width: number): PyTorchClass | undefined {
  const dense = head.layers.flatMap((layer) => (layer.kind === 'dense' ? [layer] : []));
  const name = `${families[family]}ForSequenceClassification`;
  const [lowest] = dense;
  if (dense.length === 1 && head.task === 'tokenClassification') {
    return { name: `${families[family]}ForTokenClassification`, layers: ['classifier'] };
  }
  if (dense.length === 1 && cut === 'pooler') {
    if (family === 'bert') return { name, layers: ['classifier'] };
    // What it calls the dense layer of its head is a pooler: the first token, a product and tanh.
    return { name, layers: ['classifier.out_proj'], pooler: 'classifier.dense' };
  }
  if (family !== 'distilbert' || cut !== 'first' || dense.length !== 2) return undefined;
  return lowest?.units === width && lowest.activation === 'relu'
    ? { name, layers: ['pre_classifier', 'classifier'] }
    : undefined;
}
