import { indexedDb, opfs } from '../../src/stores/index.ts';

// A worker that saves in small steps, so that the test can end it in the middle.
addEventListener('message', async ({ data: { kind, name, files } }) => {
  const store = kind === 'opfs' ? opfs(name) : indexedDb(name);
  await store.write(files, { onBytes: (file, loaded) => postMessage({ file, loaded }) });
  postMessage('written');
});
