import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { installNode, installTfjsNode } from '../../scripts/install-tfjs-node.mjs';
import { cpu } from '../../src/backends/cpu.ts';
import { node } from '../../src/backends/node.ts';
import { backendContract } from './backend-contract.ts';

const root = new URL('../../', import.meta.url).pathname;
const installed = await installTfjsNode(`${root}test/.tmp/tfjs-node`).catch((error: Error) => {
  console.log(`The tests of tfjs-node are skipped, it could not be installed: ${error.message.split('\n', 1)[0]}`);
});

if (installed) {
  const native = node({ lib: () => import(pathToFileURL(`${installed}/dist/index.js`).href) });
  backendContract(native, cpu(), { trajectories: 1e-4, efficientNet: 1e-4 });
}

const newer = installed && Number(process.versions.node.split('.')[0]) < 23;
describe.runIf(newer)('on a newer Node, which took away what tfjs-node calls', () => {
  test('the same contract holds', async () => {
    const executable = await installNode(`${root}test/.tmp/node-24`);
    const tests = [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      'node',
      'test/contract/native-backend.test.ts',
    ];
    const { stdout } = await promisify(execFile)(executable, tests, { cwd: root });
    const [, passed] = /(\d+) passed, 0 failed/.exec(stdout) ?? [];
    console.log(`${executable.split('/').at(-3)}: ${passed} tests of tfjs-node passed`);
    expect(Number(passed)).toBeGreaterThan(20);
  }, 300_000);
});
