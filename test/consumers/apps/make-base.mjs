import { attachHead, pipe, saveModel, useBackend } from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { tinyCnn } from 'tfjs-transfer/bases';
import { classifier } from 'tfjs-transfer/heads';

await useBackend(cpu());
await saveModel(pipe(tinyCnn({ size: 16, seed: 7 }), attachHead(classifier(['a', 'b']))), process.argv[2]);
