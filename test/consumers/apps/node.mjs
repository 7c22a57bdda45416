import { wasm } from 'tfjs-transfer/backends/wasm';
import { run } from './run.js';

console.log(JSON.stringify(await run(wasm(), process.argv[2])));
