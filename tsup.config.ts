import { defineConfig } from 'tsup';

const subpaths = {
  index: 'src/index.ts',
  'backends/cpu': 'src/backends/cpu.ts',
  'backends/wasm': 'src/backends/wasm.ts',
  'backends/webgl': 'src/backends/webgl.ts',
  'backends/webgpu': 'src/backends/webgpu.ts',
  'backends/node': 'src/backends/node.ts',
  'heads/index': 'src/heads/index.ts',
  'data/index': 'src/data/index.ts',
  'bases/index': 'src/bases/index.ts',
  'node/index': 'src/node/index.ts',
  'web/index': 'src/web/index.ts',
  'stores/index': 'src/stores/index.ts',
};

// tsup's types build sets `baseUrl`, which TypeScript 6 deprecates.
const dts = { entry: subpaths, compilerOptions: { ignoreDeprecations: '6.0' } };

// Code that subpaths share is split into chunks, so that TransferError is one class in all of them. Packages that
// package.json names as dependencies or peers stay outside.
export default defineConfig([
  {
    entry: { ...subpaths, 'node/cli': 'src/node/cli.ts', 'node/feature-worker': 'src/node/feature-worker.ts' },
    format: 'esm',
    target: 'es2022',
    splitting: true,
    dts,
  },
  // Shims give CommonJS an `import.meta.url`.
  { entry: subpaths, format: 'cjs', target: 'es2022', splitting: true, shims: true, dts },
]);
