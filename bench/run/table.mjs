import { median } from './serve.mjs';

/** What was measured, on what. */
export const heading = (commit, machine) => `# The engine beside others

Commit ${commit}, ${new Date().toISOString().slice(0, 10)}. ${machine}. One core unless said. In each row the contenders take
turns; a figure is the median, with the least and the most. Times of different rows are of different minutes.
`;

/** A row as Markdown: the times, then the ratios with what they are held to. */
export function section({ title, unit, ratios = [] }, results) {
  const scale = unit === 'ms' ? 1000 : 1;
  const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  const show = (seconds) => digits(seconds * scale);
  const lines = results.map(({ contender, task, seconds, megabytes, reason }) =>
    seconds.length === 0
      ? `| ${contender} | ${task} | left out: ${reason} | | |`
      : `| ${contender} | ${task} | ${show(median(seconds))} | ${show(Math.min(...seconds))} to ${show(Math.max(...seconds))} | ${megabytes.toFixed(0)} |`,
  );
  const middle = ({ contender, task }) => {
    const found = results.find((result) => result.contender === contender && result.task === task);
    return found?.seconds.length ? median(found.seconds) : undefined;
  };
  const name = ({ contender, task }) => `${contender} (${task})`;
  const held = ratios.flatMap(({ of, than, goal }) => {
    const [ours, theirs] = [middle(of), middle(than)];
    if (ours === undefined || theirs === undefined) return [];
    const ratio = theirs / ours;
    const verdict = ratio >= goal ? 'held' : 'missed';
    // Below 1 the goal is how much longer it may take.
    const [value, wanted] =
      goal < 1 ? [1 / ratio, `at most ${digits(1 / goal)} times its time`] : [ratio, `at least ${goal} times faster`];
    const said = goal < 1 ? `${digits(value)} times its time` : `${digits(value)} times faster`;
    return [`| ${name(of)} | ${name(than)} | ${said} | ${wanted} | ${verdict} |`];
  });
  const table = [`| | task | ${unit} | spread | peak MB |`, '|---|---|---|---|---|', ...lines];
  const against = held.length ? ['', '| | against | measured | held to | |', '|---|---|---|---|---|', ...held] : [];
  return [`## ${title}`, '', ...table, ...against, ''].join('\n');
}
