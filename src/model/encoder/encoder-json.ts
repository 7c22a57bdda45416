import type { Head } from '../../core/head.ts';
import { activations, type Family, savedCut, words } from './encoder-config.ts';
import type { LayerSettings } from './layer-class.ts';

/** An encoder as its layers are made, and what its folder says of it. */
export interface DescribedEncoder {
  readonly family: Family;
  readonly blocks: number;
  readonly embeddings: LayerSettings;
  readonly block: LayerSettings;
  /** What makes one vector of a text: `mean`, `first`, `pooler`, or `tokens`, where nothing does. */
  readonly cut: string;
  /** The class of transformers that reads the folder. */
  readonly architecture: string;
  /** The head that the class has, where it has one. */
  readonly head: Head | undefined;
  /** The id of padding, which the tokenizer knows. */
  readonly padding: number;
}

const problems = {
  classification: 'single_label_classification',
  multiLabel: 'multi_label_classification',
  regression: 'regression',
  tokenClassification: undefined,
} as const;

/**
 * The config.json of an encoder, the reverse of what reads it.
 *
 * @param encoder The encoder.
 */
export function encoderJson({ family, embeddings, block, ...rest }: DescribedEncoder): object {
  const named = words[family];
  const { head } = rest;
  const settings: Record<keyof typeof named, unknown> = {
    width: block.width,
    blocks: rest.blocks,
    heads: block.heads,
    inner: block.inner,
    activation: Object.keys(activations).find((name) => activations[name] === block.activation),
    dropout: block.dropout ?? 0,
    attentionDropout: block.attentionDropout ?? 0,
  };
  const dropout = head?.layers.find((layer) => layer.kind === 'dropout')?.rate ?? 0;
  return {
    model_type: family,
    architectures: [rest.architecture],
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [named[name as keyof typeof named], value])),
    vocab_size: embeddings.vocabulary,
    max_position_embeddings: embeddings.positions,
    pad_token_id: embeddings.padding ?? rest.padding,
    ...(family === 'distilbert'
      ? { sinusoidal_pos_embds: false }
      : { type_vocab_size: embeddings.types, layer_norm_eps: embeddings.epsilon }),
    ...(head && {
      id2label: { ...head.labels },
      label2id: Object.fromEntries(head.labels.map((label, id) => [label, id])),
      problem_type: problems[head.task],
      [family === 'distilbert' ? 'seq_classif_dropout' : 'classifier_dropout']: dropout,
    }),
    [savedCut]: rest.cut,
  };
}
