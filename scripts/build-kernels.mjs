// Compiles kernels/ with AssemblyScript and writes src/backends/wasm/binaries.ts, which is kept in the repository: who
// builds the package needs no compiler. Run it after a change in kernels/: `npm run kernels`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import './unroll-windows.mjs';

const builds = { simd: [], relaxed: ['--enable', 'relaxed-simd'] };

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
    return `  ${name}: '${gzipSync(readFileSync(file), { level: 9 }).toString('base64')}',`;
  });
  const head = '// Made by `npm run kernels` out of kernels/, one build a line, gzipped, in base64.\n';
  writeFileSync(
    'src/backends/wasm/binaries.ts',
    `${head}export const binaries = {\n${lines.join('\n')}\n} as const;\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
