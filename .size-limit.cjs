/**
 * Counts what a page downloads before it runs anything: the entry and what it imports. A chunk behind `import()` counts
 * for whoever makes it load; here it is what a browser app of these functions never asks for (files of Node, say).
 */
const firstDownload = {
  name: 'first-download',
  setup(build) {
    build.onEnd(({ metafile }) => {
      const { outputs } = metafile;
      const late = Object.values(outputs).flatMap(({ imports }) =>
        imports.filter(({ kind }) => kind === 'dynamic-import'),
      );
      const isLate = new Set(late.map(({ path }) => path));
      // esbuild calls what is behind an import() an entry as well.
      const waiting = Object.keys(outputs).filter((path) => outputs[path].entryPoint && !isLate.has(path));
      const loaded = new Set();
      for (const path of waiting) {
        if (loaded.has(path)) continue;
        loaded.add(path);
        const imports = outputs[path].imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
        waiting.push(...imports.map((one) => one.path));
      }
      for (const path of Object.keys(outputs)) if (!loaded.has(path)) delete outputs[path];
    });
  },
};

const check = (name, path, names, limit) => ({
  name,
  path: `dist/${path}.js`,
  import: names,
  // What an app has anyway, and what it may have.
  ignore: ['@tensorflow/*', 'fflate', 'sharp', 'webgpu', 'citty', 'csv-parse', '@huggingface/tokenizers', 'ml-matrix'],
  gzip: true,
  limit,
  modifyEsbuildConfig: (config) => ({
    ...config,
    format: 'esm',
    splitting: true,
    target: 'es2022',
    logLevel: 'error',
    plugins: [firstDownload],
  }),
});

// Limits are what there is now, rounded up: a change that adds to a page is then seen. The first is a promise of its own:
// docs/decisions/0004-core-size.md.
module.exports = [
  check('load, freeze, attach, fine-tune', 'index', '{ loadBase, freeze, attachHead, fineTune, linearProbe }', '15 kB'),
  check('the whole core', 'index', '*', '52.5 kB'),
  check('backends/cpu', 'backends/cpu', '{ cpu }', '6.5 kB'),
  check('backends/wasm', 'backends/wasm', '{ wasm }', '38 kB'),
  check('backends/webgl', 'backends/webgl', '{ webgl }', '6.5 kB'),
  check('backends/webgpu', 'backends/webgpu', '{ webgpu }', '7 kB'),
  check('heads', 'heads/index', '*', '1.6 kB'),
  check('data', 'data/index', '*', '6 kB'),
  check('bases', 'bases/index', '*', '5.1 kB'),
  check('web', 'web/index', '*', '19 kB'),
  check('stores', 'stores/index', '*', '9 kB'),
  check('analyse', 'analyse/index', '*', '50.5 kB'),
  check('text', 'text/index', '*', '16 kB'),
  check('adapters', 'adapters/index', '*', '15 kB'),
];
