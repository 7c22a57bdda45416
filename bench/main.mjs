// `npm run bench`: the engine beside what a user would pick instead, in one run on one machine. It prints the table and
// writes the tables to bench/results. `npm run bench -- product forward` runs some rows, `npm run bench -- text` those of a
// table; see rows.mjs for their names. MINILM_L6 is the folder of all-MiniLM-L6-v2.
// What runs in turn is what is compared: in each round every contender does its task once, pinned to the same core.
import { writeFile } from 'node:fs/promises';
import { contenders, rows } from './rows.mjs';
import { start } from './run/contender.mjs';
import { commit, machine } from './run/machine.mjs';
import { writePictures } from './run/pictures.mjs';
import { heading, section } from './run/table.mjs';

const chosen = process.argv.slice(2);
const isMeant = ({ name, table }) => chosen.length === 0 || chosen.includes(name) || chosen.includes(table);
const unknown = chosen.filter((word) => !rows.some(({ name, table }) => word === name || word === table));
if (unknown.length) {
  console.error(`There is no row ${unknown.join(', ')}. Rows: ${rows.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
const about = heading(commit(), machine());
console.log(about);
for (const table of new Set(rows.filter(isMeant).map((row) => row.table))) {
  const all = rows.filter((row) => row.table === table);
  if (table === 'engine') await writePictures();
  const sections = [];
  const versions = new Set();
  for (const row of all.filter(isMeant)) {
    sections.push(section(row, await measure(row, versions)));
    console.log(sections.at(-1));
  }
  const text = [about, `Contenders: ${[...versions].join('; ')}.`, '', ...sections].join('\n');
  if (all.every(isMeant)) await writeFile(new URL(`results/${table}.md`, import.meta.url), text);
}

/** Runs the contenders of a row in turn; one that cannot start, or fails, is in the table with the reason. */
async function measure({ rounds, cores, entries }, versions) {
  const running = new Map();
  const reasons = new Map();
  for (const { contender } of entries) {
    if (running.has(contender) || reasons.has(contender)) continue;
    try {
      const { command, env } = await contenders[contender]();
      running.set(contender, await start(contender, command, { cores, env }));
      versions.add(running.get(contender).about);
    } catch (error) {
      reasons.set(contender, String(error.message).split('\n')[0]);
    }
  }
  const results = entries.map((entry) => ({ ...entry, seconds: [], megabytes: 0 }));
  // The first round warms up: it compiles, packs and fills caches.
  for (let round = 0; round <= rounds; round++) {
    for (const result of results) {
      const process = running.get(result.contender);
      if (!process || (round === 0 && rounds === 1)) continue;
      try {
        const { seconds, megabytes } = await process.run(result.task);
        if (round > 0) result.seconds.push(seconds);
        result.megabytes = megabytes;
      } catch (error) {
        reasons.set(result.contender, error.message);
        running.delete(result.contender);
        process.close();
      }
    }
  }
  for (const process of running.values()) process.close();
  return results.map((result) => ({ ...result, reason: reasons.get(result.contender) }));
}
