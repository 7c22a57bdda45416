// The rows of bench/results/text.md. They are CPU time, which other work on the machine changes less than the clock's.
const entry = (contender, task) => ({ contender, task });
const forward = ['one text', 'batch of 8'];

export const textRows = [
  {
    name: 'text-forward',
    title: 'MiniLM-L6, 128 tokens, forward, CPU time of a text',
    unit: 'ms',
    rounds: 3,
    entries: ['text, ours', 'text, ours, relaxed SIMD', 'text, tfjs', 'text, onnxruntime-web'].flatMap((name) =>
      forward.map((task) => entry(name, task)),
    ),
    ratios: forward.map((task) => ({
      of: entry('text, ours', task),
      than: entry('text, onnxruntime-web', task),
      goal: 1 / 1.2,
    })),
  },
  {
    name: 'text-lora',
    title: 'MiniLM-L6, 128 tokens, LoRA (rank 8, queries and values), CPU time of a text',
    unit: 'ms',
    rounds: 1,
    entries: [entry('text, ours', 'LoRA step, batch of 16'), entry('text, ours', 'batch of 16')],
    ratios: [
      { of: entry('text, ours', 'LoRA step, batch of 16'), than: entry('text, ours', 'batch of 16'), goal: 1 / 3.5 },
    ],
  },
  {
    name: 'text-head',
    title: 'MiniLM-L6, 128 tokens, an epoch of the head alone on 64 texts, CPU time',
    unit: 'ms',
    rounds: 1,
    entries: ['epoch on cached features', 'epoch that runs the encoder'].map((task) => entry('text, ours', task)),
    ratios: [
      {
        of: entry('text, ours', 'epoch on cached features'),
        than: entry('text, ours', 'epoch that runs the encoder'),
        goal: 100,
      },
    ],
  },
].map((row) => ({ ...row, table: 'text' }));
