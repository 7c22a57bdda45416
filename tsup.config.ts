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
  'analyse/index': 'src/analyse/index.ts',
  'text/index': 'src/text/index.ts',
  'adapters/index': 'src/adapters/index.ts',
};

// tsup's types build sets `baseUrl`, which TypeScript 6 deprecates.
const dts = { entry: subpaths, compilerOptions: { ignoreDeprecations: '6.0' } };

/** The sources import each other as they are called here; what is built of them is called `.js`. */
const namedAsBuilt = {
  name: 'named-as-built',
  renderChunk: (code: string) => ({ code: code.replace(/(["']\.{1,2}\/[^"']+)\.ts(["'])/g, '$1.js$2') }),
};

// ES modules stay one file a module: an app's bundler then drops and splits what it likes, where chunks made here would
// bind together what only some of an app needs. TransferError is one class in all subpaths either way.
// Packages that package.json names as dependencies or peers stay outside.
export default defineConfig([
  { entry: ['src/**/*.ts'], format: 'esm', target: 'es2022', bundle: false, plugins: [namedAsBuilt], dts },
  // CommonJS has no `import.meta`; what asks for it asks for `__filename` first.
  {
    entry: subpaths,
    format: 'cjs',
    target: 'es2022',
    splitting: true,
    define: { 'import.meta.url': 'undefined' },
    dts,
  },
]);
