import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** The repository. */
export const root = join(import.meta.dirname, '../..');
const rootModules = join(root, 'node_modules');

/** Runs a program; its failure is an error that says what it printed. */
export function ran(command: string, args: readonly string[], cwd: string): string {
  const { NODE_OPTIONS: _, NODE_ENV: __, ...env } = process.env;
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} in ${cwd}:\n${stdout}\n${stderr}`, { cause: error });
  return stdout;
}

/**
 * Packs the package as `npm publish` would, from the dist folder that is there.
 *
 * @param folder Where the tarball goes.
 * @param project The folder that is packed.
 * @returns The tarball's path.
 */
export function pack(folder: string, project = root): string {
  mkdirSync(folder, { recursive: true });
  const printed = ran('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], project);
  const [{ filename }] = JSON.parse(printed);
  return join(folder, filename);
}

/**
 * Makes an app with the tarball and some packages installed: real copies outside the repository, so that nothing can be
 * found but what an app of that kind has. `npm install` would ask a registry; the packages are here already.
 *
 * @param app The app's folder.
 * @param tarball The packed library.
 * @param packages What is installed beside it; their own dependencies come along.
 */
export function install(app: string, tarball: string, packages: readonly string[]): void {
  const modules = join(app, 'node_modules');
  const library = join(modules, 'tfjs-transfer');
  mkdirSync(library, { recursive: true });
  ran('tar', ['-xzf', tarball, '-C', library, '--strip-components=1'], app);
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true }\n');
  const wanted = [...packages, ...dependenciesOf(library)];
  for (const name of wanted) {
    const target = join(modules, name);
    if (existsSync(target)) continue;
    const source = join(rootModules, name);
    cpSync(source, target, { recursive: true, filter: (path) => isNeeded(name, path.slice(source.length)) });
    wanted.push(
      ...dependenciesOf(source).filter((dependency) => !existsSync(join(source, 'node_modules', dependency))),
    );
  }
}

function dependenciesOf(folder: string): string[] {
  return Object.keys(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies ?? {});
}

/** tfjs ships its sources, its tests and builds for other hosts: two thirds of its files, which no app reads. */
function isNeeded(name: string, path: string): boolean {
  if (!name.startsWith('@tensorflow/')) return true;
  return !/\.map$|_test\.(js|d\.ts)$|[\\/]miniprogram$/.test(path) && path !== `${sep}src`;
}
