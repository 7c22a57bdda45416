// Installs @tensorflow/tfjs-node for the tests, outside the project's own dependencies: it is large, and its download of
// libtensorflow is not to be had everywhere. Where the download fails, its binding is built against the TensorFlow of the
// Python wheel (needs pip and g++). Prints the folder of the package, or fails with the reason.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const version = '4.22.0';
const tensorflow = 'tensorflow-cpu==2.21.0';

/**
 * Installs tfjs-node.
 *
 * @param {string} folder Where to.
 * @returns {Promise<string>} The folder of the package.
 */
export async function installTfjsNode(folder) {
  return alone(`${folder}.lock`, () => install(folder));
}

async function install(folder) {
  const modules = join(folder, 'node_modules');
  const installed = join(modules, '@tensorflow/tfjs-node');
  const binding = join(installed, 'lib/napi-v8/tfjs_binding.node');
  const finished = join(folder, 'finished');
  if (existsSync(finished)) return installed;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const packages = [`@tensorflow/tfjs-node@${version}`, 'node-api-headers'];
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], { cwd: folder });
  // The engine must be the project's own, as it is the app's own in an app: one copy of tfjs-core and tfjs-layers.
  for (const name of ['tfjs-core', 'tfjs-layers', 'tfjs-backend-cpu', 'tfjs-backend-webgl']) {
    await rm(join(modules, '@tensorflow', name), { recursive: true, force: true });
  }
  const download = run(process.execPath, ['scripts/install.js', 'cpu', 'download'], {
    cwd: installed,
    timeout: 300_000,
  });
  const failure = await download.then(
    () => undefined,
    (error) => error,
  );
  if (failure || !existsSync(binding)) await build(folder, installed, binding);
  await writeFile(finished, '');
  return installed;
}

async function build(folder, installed, binding) {
  const wheel = join(folder, 'python');
  await run('pip', ['install', '--quiet', '--target', wheel, tensorflow], { maxBuffer: 2 ** 26 });
  const lib = join(wheel, 'tensorflow');
  const headers = join(folder, 'node_modules/node-api-headers/include');
  await mkdir(join(binding, '..'), { recursive: true });
  const flags = ['-O2', '-std=c++17', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'];
  const includes = ['-I.', `-I${lib}/include`, `-I${headers}`];
  const sources = ['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc'];
  const links = [`-Wl,-rpath,${lib}`, `${lib}/libtensorflow_cc.so.2`, `${lib}/libtensorflow_framework.so.2`];
  await run('g++', [...flags, ...includes, ...sources, '-o', binding, ...links], { cwd: installed });
}

/** Test files run in processes of their own, and more than one of them wants tfjs-node. */
async function alone(lock, work) {
  await mkdir(join(lock, '..'), { recursive: true });
  for (let waited = 0; !(await taken(lock)); waited++) {
    // Whoever held it for so long was ended in the middle.
    if (waited > 600) await rm(lock, { recursive: true, force: true });
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return work().finally(() => rm(lock, { recursive: true, force: true }));
}

const taken = (lock) =>
  mkdir(lock).then(
    () => true,
    () => false,
  );

/**
 * Installs a Node that took away what tfjs-node calls.
 *
 * @param {string} folder Where to.
 * @returns {Promise<string>} The executable.
 */
export async function installNode(folder) {
  const name = `node-${process.platform}-${process.arch}`;
  const executable = join(folder, 'node_modules', name, 'bin/node');
  if (existsSync(executable)) return executable;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
  await run('npm', ['install', '--no-audit', '--no-fund', `${name}@24`], { cwd: folder });
  return executable;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await installTfjsNode(fileURLToPath(new URL('../test/.tmp/tfjs-node', import.meta.url))));
}
