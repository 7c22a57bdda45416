// Lets worker threads of the tests import TypeScript, which Node 20 cannot by itself; vitest does it for the tests.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) register('./typescript-hooks.mjs', import.meta.url);
