import type { Family } from './encoder-config.ts';

/** What BERT calls them, and where its blocks are. */
const bertParts = {
  layers: 'encoder.layer',
  'attention/query': 'attention.self.query',
  'attention/key': 'attention.self.key',
  'attention/value': 'attention.self.value',
  'attention/output': 'attention.output.dense',
  'attention/norm': 'attention.output.LayerNorm',
  'network/inner': 'intermediate.dense',
  'network/output': 'output.dense',
  'network/norm': 'output.LayerNorm',
} as const;

/** What each family calls the parts of its blocks, by what they are called here. */
export const parts: Readonly<Record<Family, Readonly<Record<keyof typeof bertParts, string>>>> = {
  bert: bertParts,
  roberta: bertParts,
  distilbert: {
    layers: 'transformer.layer',
    'attention/query': 'attention.q_lin',
    'attention/key': 'attention.k_lin',
    'attention/value': 'attention.v_lin',
    'attention/output': 'attention.out_lin',
    'attention/norm': 'sa_layer_norm',
    'network/inner': 'ffn.lin1',
    'network/output': 'ffn.lin2',
    'network/norm': 'output_layer_norm',
  },
};
