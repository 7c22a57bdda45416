// What the benchmark compares with, installed outside the project's own dependencies, in test/.tmp. What cannot be
// installed is left out, and the table says so.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installNode, installTfjsNode } from '../../scripts/install-tfjs-node.mjs';
import { folder } from './pictures.mjs';

const run = promisify(execFile);
const place = (name) => fileURLToPath(new URL(`../../test/.tmp/${name}`, import.meta.url));
const peers = fileURLToPath(new URL('../peers', import.meta.url));

/** Python with Keras and PyTorch. PEERS_PYTHON names one that has them. */
export async function python() {
  if (process.env.PEERS_PYTHON) return process.env.PEERS_PYTHON;
  const executable = join(place('peers'), 'bin/python');
  if (existsSync(join(place('peers'), 'finished'))) return executable;
  await run('python3', ['-m', 'venv', place('peers')]);
  await run(executable, ['-m', 'pip', 'install', '--quiet', '-r', join(peers, 'requirements.txt')], {
    maxBuffer: 2 ** 26,
  });
  await writeFile(join(place('peers'), 'finished'), '');
  return executable;
}

/** The folder of onnxruntime-web, with the network beside the pictures. */
export async function onnxruntime() {
  const network = join(folder, 'efficientnet-lite0.onnx');
  if (!existsSync(network))
    await run(await python(), [join(peers, 'torch_peer.py'), 'export', network], { maxBuffer: 2 ** 26 });
  return onnxruntimePackage();
}

async function onnxruntimePackage() {
  const home = place('onnxruntime');
  if (existsSync(join(home, 'node_modules/onnxruntime-web'))) return home;
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'package.json'), JSON.stringify({ private: true }));
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', 'onnxruntime-web@1.30.0'], { cwd: home });
  return home;
}

/** The folder of MiniLM, which is too large for the repository. */
export function miniLm() {
  if (process.env.MINILM_L6) return process.env.MINILM_L6;
  throw new Error('set MINILM_L6 to the folder of all-MiniLM-L6-v2');
}

/** The folder of onnxruntime-web, and MiniLM for it. */
export async function onnxruntimeText() {
  const encoder = miniLm();
  const network = join(folder, 'minilm-l6.onnx');
  if (!existsSync(network)) {
    const executable = await python();
    await run(executable, ['-c', 'import onnx, onnxscript, torch, transformers']).catch(({ stderr }) => {
      throw new Error(`${executable} cannot export MiniLM: ${stderr.trim().split('\n').at(-1)}`);
    });
    await mkdir(folder, { recursive: true });
    await run(executable, [join(peers, 'text_network.py'), encoder, network], { maxBuffer: 2 ** 26 });
  }
  return [await onnxruntimePackage(), network];
}

/** A Node whose engine has relaxed SIMD. */
export const relaxedNode = () => installNode(place('node-24'));

export const tfjsNode = () => installTfjsNode(place('tfjs-node'));
