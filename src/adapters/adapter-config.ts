import { TransferError } from '../core/errors.ts';
import type { TransferModel } from '../core/handle.ts';
import type { ModuleNames } from './module-names.ts';

/** The files of an adapter, as peft calls them. */
export const adapterFiles = { config: 'adapter_config.json', weights: 'adapter_model.safetensors' } as const;

/** What peft calls the tasks. */
const taskTypes = {
  classification: 'SEQ_CLS',
  multiLabel: 'SEQ_CLS',
  regression: null,
  tokenClassification: 'TOKEN_CLS',
} as const;

/** The update of a layer. */
export interface ModuleUpdate {
  /** What peft calls the layer. */
  readonly module: string;
  readonly r: number;
  readonly scale: number;
}

/**
 * The adapter_config.json of updates.
 *
 * @param updates The updates; what the first one has is what those that are not named otherwise have.
 * @param names What all layers are called.
 * @param model The model.
 */
export function adapterConfig(
  updates: readonly ModuleUpdate[],
  { kernels, head }: ModuleNames,
  { head: { task }, origin }: TransferModel,
): Readonly<Record<string, unknown>> {
  const alphaOf = ({ r, scale }: ModuleUpdate) => r * scale;
  const [{ r, ...first }] = updates as readonly [ModuleUpdate];
  const alpha = alphaOf({ r, ...first });
  const others = (isOther: (one: ModuleUpdate) => boolean, numberOf: (one: ModuleUpdate) => number) =>
    Object.fromEntries(updates.filter(isOther).map((one) => [one.module, numberOf(one)]));
  return {
    peft_type: 'LORA',
    task_type: taskTypes[task],
    base_model_name_or_path: origin.source ?? origin.name,
    r,
    lora_alpha: alpha,
    lora_dropout: 0,
    target_modules: targetsOf(
      updates.map(({ module }) => module),
      [...kernels.values()],
    ),
    modules_to_save: [...new Set([...head.values()].map((name) => name.slice(0, name.lastIndexOf('.'))))],
    rank_pattern: others(
      (one) => one.r !== r,
      (one) => one.r,
    ),
    alpha_pattern: others((one) => alphaOf(one) !== alpha, alphaOf),
    bias: 'none',
    use_rslora: false,
    use_dora: false,
    fan_in_fan_out: false,
    init_lora_weights: true,
    inference_mode: true,
  };
}

/** The last words of the names of layers where these name no other layer; else the whole names. */
function targetsOf(modules: readonly string[], all: readonly string[]): readonly string[] {
  const lastOf = (name: string) => name.slice(name.lastIndexOf('.') + 1);
  const ends = new Set(modules.map(lastOf));
  const named = all.filter((name) => ends.has(lastOf(name)));
  return named.length === modules.length ? [...ends] : modules;
}

/**
 * How an adapter_config.json scales the update of a layer.
 *
 * @param config What was read.
 * @param name What the adapter is called in messages.
 * @throws TransferError `UNSUPPORTED` for what is no plain LoRA, `INVALID_MODEL` where alpha is no number.
 */
export function scalesOf(
  config: Readonly<Record<string, unknown>>,
  name: string,
): (module: string, r: number) => number {
  const { peft_type, use_dora, use_rslora, lora_bias, lora_alpha, alpha_pattern } = config;
  const what =
    peft_type !== 'LORA'
      ? `is of peft_type ${JSON.stringify(peft_type)}`
      : use_dora
        ? 'is a DoRA'
        : lora_bias
          ? 'has biases in its updates'
          : undefined;
  if (what) {
    throw new TransferError(
      'UNSUPPORTED',
      `The adapter ${name} ${what}. Plain LoRA is read: train it with use_dora and lora_bias false.`,
    );
  }
  const patterns = Object.entries((alpha_pattern ?? {}) as Readonly<Record<string, unknown>>);
  return (module, r) => {
    // peft takes the keys for regular expressions; those of a file from outside are compared as they are.
    const own = patterns.find(([pattern]) => `.${module}`.endsWith(`.${pattern}`))?.[1] ?? lora_alpha;
    if (typeof own === 'number' && Number.isFinite(own)) return own / (use_rslora ? Math.sqrt(r) : r);
    throw new TransferError(
      'INVALID_MODEL',
      `The adapter_config.json of ${name} has no lora_alpha. Copy the folder again.`,
    );
  };
}
