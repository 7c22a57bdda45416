import { estimate } from 'tfjs-transfer/analyse';

const introduction = `# Strategies beside each other

\`npm run bench:strategies\`: EfficientNet-Lite0, nine kinds of emoji from 66 pictures by Google, measured on 82 subjects that
were kept apart, as Google draws them and as Twitter does. Means over seeds, each with its own draw of pictures, and intervals
of 95 % by Student's t. WASM, one thread, Node ${process.versions.node}. Batches of 8; rates are the defaults (1e-3 for a random head, 1e-4 for
the base) and 1e-4 for all after a probe; 4 epochs, 2 a stage of \`gradualUnfreeze\`. No rate was tuned. CPU seconds are of
training alone, with the features of the frozen part. "probe" is \`linearProbe({ epochs: 30 })\`.
`;

/**
 * The rows of bench/strategies.mjs as Markdown: each strategy beside the probe, and pairs that the literature compares.
 *
 * @param rows `{ seed, strategy, google, twitter, seconds }`; the last one of a seed and strategy counts.
 * @param pairs Two strategies each: how much better is the second?
 */
export function strategiesTable(rows, pairs) {
  const byStrategy = new Map();
  for (const { strategy, seed, ...row } of rows) {
    if (!byStrategy.has(strategy)) byStrategy.set(strategy, new Map());
    byStrategy.get(strategy).set(seed, row);
  }
  const of = (strategy, style) => [...byStrategy.get(strategy).values()].map((row) => row[style]);
  const gain = (first, second, style) => {
    const [a, b] = [byStrategy.get(first), byStrategy.get(second)];
    return estimate([...b].flatMap(([seed, row]) => (a.has(seed) ? [row[style] - a.get(seed)[style]] : [])));
  };
  const probe = 'linearProbe({ epochs: 30 })';
  const table = [...byStrategy.keys()]
    .map((strategy) => ({ strategy, google: estimate(of(strategy, 'google')) }))
    .sort((a, b) => b.google.mean - a.google.mean)
    .map(({ strategy, google }) => [
      `\`${strategy}\``,
      byStrategy.get(strategy).size,
      text(google),
      text(gain(probe, strategy, 'google'), true),
      text(estimate(of(strategy, 'twitter'))),
      text(gain(probe, strategy, 'twitter'), true),
      estimate(of(strategy, 'seconds')).mean.toFixed(0),
    ]);
  const compared = pairs
    .filter((pair) => pair.every((strategy) => byStrategy.has(strategy)))
    .map(([first, second]) => [
      `\`${first}\``,
      `\`${second}\``,
      text(gain(first, second, 'google'), true),
      text(gain(first, second, 'twitter'), true),
    ]);
  return `${introduction}
${markdown(['strategy', 'seeds', 'Google', 'above the probe', 'Twitter', 'above the probe', 'CPU seconds'], table)}

How much better the second of two is, seed by seed:

${markdown(['first', 'second', 'Google', 'Twitter'], compared)}
`;
}

const markdown = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function text({ mean, interval }, isDifference = false) {
  const number = (value) => `${isDifference && value >= 0 ? '+' : ''}${value.toFixed(3)}`;
  return `${number(mean)}${interval ? ` (${interval.map(number).join(' to ')})` : ''}`;
}
