import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { installNode } from '../../scripts/install-tfjs-node.mjs';
import { cpu } from '../../src/backends/cpu.ts';
import { backendContract } from './backend-contract.ts';
import { nativeBackend, root } from './native.ts';

const native = await nativeBackend('the backend tensorflow');
if (native) backendContract(native, cpu(), { trajectories: 1e-4, efficientNet: 1e-4 });

const newer = native && Number(process.versions.node.split('.')[0]) < 23;
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
