import type { Backend } from '../../src/core/backend.ts';
import { serveFeatures } from '../../src/web/serve-features.ts';
import { browserBackends } from './backends.ts';

// Its name says after how many batches it ends.
let left = Number(self.name || Number.POSITIVE_INFINITY);
addEventListener('message', ({ data }) => {
  if (data.kind === 'compute' && --left < 0) self.close();
});
serveFeatures(browserBackends[0] as Backend);
