// Compiles kernels/ with AssemblyScript and writes src/backends/wasm/binaries.ts, which is kept in the repository: who
// builds the package needs no compiler. Run it after a change in kernels/: `npm run kernels`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './unroll-windows.mjs';

const builds = {
  simd: [],
  simdShared: ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'],
  relaxed: ['--enable', 'relaxed-simd'],
  relaxedShared: ['--enable', 'relaxed-simd', '--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'],
};

const folder = mkdtempSync(join(tmpdir(), 'kernels-'));
try {
  const lines = Object.entries(builds).map(([name, flags]) => {
    const file = join(folder, `${name}.wasm`);
    const common = [
      '--runtime',
      'stub',
      '--importMemory',
      '--enable',
      'simd',
      '-O3',
      '--noAssert',
      '--zeroFilledMemory',
    ];
    execFileSync('npx', ['asc', 'kernels/index.ts', '-o', file, ...common, ...flags], { stdio: 'inherit' });
    return `  ${name}: '${readFileSync(file).toString('base64')}',`;
  });
  const head = '// Made by `npm run kernels` out of kernels/, one build a line, in base64.\n';
  writeFileSync(
    'src/backends/wasm/binaries.ts',
    `${head}export const binaries = {\n${lines.join('\n')}\n} as const;\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
