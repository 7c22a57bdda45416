import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const base = fileURLToPath(import.meta.resolve('@tfjs-transfer/efficientnet-lite0/model/model.json'));

// biome-ignore lint/style/noDefaultExport: Vite asks for one.
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  // The weights of the base are served as they are: /model.json and the shards beside it.
  publicDir: dirname(base),
  // In this repository alone: tfjs-transfer is its sources (tsconfig.json). Elsewhere it is the package.
  resolve: { tsconfigPaths: true },
});
