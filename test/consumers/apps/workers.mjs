import { wasm } from 'tfjs-transfer/backends/wasm';
import { featureWorkers } from 'tfjs-transfer/node';
import { twice } from './workers-twice.js';

// They are not closed: idle ones keep no process alive.
console.log(JSON.stringify(await twice(wasm(), process.argv[2], featureWorkers(2))));
