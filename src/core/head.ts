import type { Loss } from './loss.ts';

/** A layer of a head, as data. */
export type HeadLayer =
  | { readonly kind: 'dense'; readonly units: number; readonly activation: 'relu' | 'linear' }
  | { readonly kind: 'dropout'; readonly rate: number };

/** What the targets of a task are. */
export type Task = 'classification' | 'multiLabel' | 'regression' | 'tokenClassification';

/** Whether answers are classes that exclude each other, of examples or of tokens. */
export const hasClasses = (task: Task) => task === 'classification' || task === 'tokenClassification';

/** The new output of a transferred network, as data: {@link attachHead} builds it. */
export interface Head {
  readonly kind: 'head';
  readonly name: string;
  readonly task: Task;
  /** The name of each output: the classes of a classifier, the quantities of a regressor. */
  readonly labels: readonly string[];
  /** From the base's pooled output to the last dense layer, whose outputs are logits (or, in regression, values). */
  readonly layers: readonly HeadLayer[];
  /** The loss that training uses where the phase names none. */
  readonly loss: Loss;
  /** Seed of the first weights. */
  readonly seed: number;
}
