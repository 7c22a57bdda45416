import { estimate } from 'tfjs-transfer/analyse';

/**
 * Rows of strategies as Markdown: each strategy beside the probe, and pairs that the literature compares.
 *
 * @param rows `{ seed, strategy, seconds }` and what was measured; the last one of a seed and strategy counts.
 * @param pairs Two strategies each: how much better is the second?
 * @param styles What was measured: names of numbers in the rows.
 */
export function strategiesTable(rows, pairs, styles) {
  const byStrategy = new Map();
  for (const { strategy, seed, ...row } of rows) {
    if (!byStrategy.has(strategy)) byStrategy.set(strategy, new Map());
    byStrategy.get(strategy).set(seed, row);
  }
  const of = (strategy, style) => estimate([...byStrategy.get(strategy).values()].map((row) => row[style]));
  const gain = (first, second, style) => {
    const [a, b] = [byStrategy.get(first), byStrategy.get(second)];
    return estimate([...b].flatMap(([seed, row]) => (a.has(seed) ? [row[style] - a.get(seed)[style]] : [])));
  };
  const probe = 'linearProbe({ epochs: 30 })';
  const best = (strategy) => of(strategy, styles[0]).mean;
  const table = [...byStrategy.keys()]
    .sort((a, b) => best(b) - best(a))
    .map((strategy) => [
      `\`${strategy}\``,
      byStrategy.get(strategy).size,
      ...styles.flatMap((style) => [text(of(strategy, style)), text(gain(probe, strategy, style), true)]),
      of(strategy, 'seconds').mean.toFixed(1),
    ]);
  const compared = pairs
    .filter((pair) => pair.every((strategy) => byStrategy.has(strategy)))
    .map(([first, second]) => [
      `\`${first}\``,
      `\`${second}\``,
      ...styles.map((style) => text(gain(first, second, style), true)),
    ]);
  const head = ['strategy', 'seeds', ...styles.flatMap((style) => [style, 'above the probe']), 'CPU seconds'];
  return `${markdown(head, table)}

How much better the second of two is, seed by seed:

${markdown(['first', 'second', ...styles], compared)}
`;
}

const markdown = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function text({ mean, interval }, isDifference = false) {
  const number = (value) => `${isDifference && value >= 0 ? '+' : ''}${value.toFixed(3)}`;
  return `${number(mean)}${interval ? ` (${interval.map(number).join(' to ')})` : ''}`;
}
