import { wasm } from '../../../src/backends/wasm.ts';
import { serveFeatures } from '../../../src/node/serve-features.ts';
import { registerDoubling } from './doubling-layer.ts';

registerDoubling();
serveFeatures(wasm());
