import { TransferError } from '../../core/errors.ts';
import { jsonObject } from '../json-object.ts';
import type { LayerSettings } from './layer-class.ts';

/** The families of encoders that are read; MiniLM is a BERT. */
export type Family = 'bert' | 'roberta' | 'distilbert';

/** The family of an encoder, by what its embeddings hold: RoBERTa counts positions by its padding, DistilBERT has no types. */
export const familyWith = ({ padding, types }: LayerSettings): Family =>
  padding !== null ? 'roberta' : types === 0 ? 'distilbert' : 'bert';

/** An encoder as its config.json describes it, in one set of words. */
export interface EncoderConfig {
  readonly family: Family;
  readonly blocks: number;
  /** How it was cut when it was saved here; undefined of a folder from elsewhere. */
  readonly cut: string | undefined;
  /** Settings of the embeddings. */
  readonly embeddings: LayerSettings;
  /** Settings of each block. */
  readonly block: LayerSettings;
}

/** Where a config.json that was written here says what makes one vector of a text. Others pass over it. */
export const savedCut = 'tfjs_transfer_cut';

/** What each family calls a setting. */
const bertWords = {
  width: 'hidden_size',
  blocks: 'num_hidden_layers',
  heads: 'num_attention_heads',
  inner: 'intermediate_size',
  activation: 'hidden_act',
  dropout: 'hidden_dropout_prob',
  attentionDropout: 'attention_probs_dropout_prob',
} as const;

/** The settings that stand in each config.json, by ours. */
export const words: Readonly<Record<Family, Readonly<Record<keyof typeof bertWords, string>>>> = {
  bert: bertWords,
  roberta: bertWords,
  distilbert: {
    width: 'dim',
    blocks: 'n_layers',
    heads: 'n_heads',
    inner: 'hidden_dim',
    activation: 'activation',
    dropout: 'dropout',
    attentionDropout: 'attention_dropout',
  },
};

/** The activations by Hugging Face's names. */
export const activations: Readonly<Record<string, string>> = {
  gelu: 'gelu',
  gelu_new: 'tanhgelu',
  gelu_pytorch_tanh: 'tanhgelu',
  relu: 'relu',
};

/**
 * Reads the config.json of an encoder.
 *
 * @param bytes The file.
 * @param name What the model is called in messages.
 * @throws TransferError `UNSUPPORTED` for another architecture, `INVALID_MODEL` where a setting is missing or impossible.
 */
export function encoderConfig(bytes: Uint8Array, name: string): EncoderConfig {
  const config = jsonObject(bytes, `The config.json of ${name}`);
  const invalid = (reason: string) =>
    new TransferError('INVALID_MODEL', `The config.json of ${name} ${reason}. Copy the folder again.`);
  const get = (key: string) => (Object.hasOwn(config, key) ? config[key] : undefined);
  const count = (key: string, least: number, absent?: number) => {
    const value = get(key) ?? absent;
    if (Number.isInteger(value) && (value as number) >= least && (value as number) < 2 ** 31) return value as number;
    throw invalid(
      `says ${key}: ${String(JSON.stringify(value)).slice(0, 80)}, where a whole number from ${least} was expected`,
    );
  };
  const rate = (key: string) => {
    const value = get(key) ?? 0.1;
    if (typeof value === 'number' && value >= 0 && value < 1) return value;
    throw invalid(
      `says ${key}: ${String(JSON.stringify(value)).slice(0, 80)}, where a share from 0 to below 1 was expected`,
    );
  };
  const family = familyOf(get('model_type'), name);
  const named = words[family];
  const [width, heads] = [count(named.width, 1), count(named.heads, 1)];
  if (width % heads !== 0) throw invalid(`says ${named.width}: ${width}, which ${heads} heads cannot share`);
  refuseVariants(config, name);
  const activation = get(named.activation) ?? 'gelu';
  if (typeof activation !== 'string' || !Object.hasOwn(activations, activation)) {
    const known = Object.keys(activations).join(', ');
    throw new TransferError(
      'UNSUPPORTED',
      `${name} has the activation ${JSON.stringify(activation)}. Known: ${known}.`,
    );
  }
  const epsilon = family === 'distilbert' ? 1e-12 : (get('layer_norm_eps') ?? 1e-12);
  if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon < 1)) throw invalid(`says layer_norm_eps: ${epsilon}`);
  const dropout = rate(named.dropout);
  const padding = family === 'roberta' ? count('pad_token_id', 0, 1) : null;
  return {
    family,
    blocks: count(named.blocks, 1),
    cut: typeof get(savedCut) === 'string' ? (get(savedCut) as string) : undefined,
    embeddings: {
      width,
      vocabulary: count('vocab_size', 1),
      positions: count('max_position_embeddings', (padding ?? -1) + 2),
      types: family === 'distilbert' ? 0 : count('type_vocab_size', 1, 2),
      padding,
      epsilon,
      dropout,
    },
    block: {
      width,
      heads,
      inner: count(named.inner, 1),
      activation: activations[activation] as string,
      epsilon,
      dropout,
      attentionDropout: rate(named.attentionDropout),
      // DistilBERT has none behind its attention.
      attendedDropout: family === 'distilbert' ? 0 : dropout,
    },
  };
}

function familyOf(type: unknown, name: string): Family {
  if (typeof type === 'string' && Object.hasOwn(words, type)) return type as Family;
  throw new TransferError(
    'UNSUPPORTED',
    `${name} is of model_type ${String(JSON.stringify(type)).slice(0, 80)}. Encoders of ${Object.keys(words).join(', ')} are read (MiniLM is a bert). Choose one of these.`,
  );
}

/** Refuses what has the weights of an encoder that is read, and computes something else. */
function refuseVariants(config: Readonly<Record<string, unknown>>, name: string): void {
  const positions = config.position_embedding_type ?? 'absolute';
  const what =
    positions !== 'absolute'
      ? `positions of type ${JSON.stringify(positions)}`
      : config.is_decoder || config.add_cross_attention
        ? 'the masks of a decoder'
        : undefined;
  if (!what) return;
  throw new TransferError(
    'UNSUPPORTED',
    `${name} has ${what}, which is not read. Choose an encoder with absolute positions.`,
  );
}
