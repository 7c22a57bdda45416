import { cpu } from '../backends/cpu.ts';
import { wasm } from '../backends/wasm.ts';
import { serveFeatures } from './serve-features.ts';

serveFeatures(wasm(), cpu());
