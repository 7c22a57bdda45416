// Writes the version of package.json, which changesets has just raised, into the source that users see it through.
import { readFile, writeFile } from 'node:fs/promises';

const source = new URL('../src/core/version.ts', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const text = await readFile(source, 'utf8');
await writeFile(source, text.replace(/version = '[^']*'/, `version = '${version}'`));
