import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { dispose, saveModel } from '../../src/index.ts';
import { indexedDb, listIndexedDb, listOpfs, opfs, zip } from '../../src/stores/index.ts';
import { chosenFiles } from '../stores/chosen-files.ts';
import { modelOf, scoresAt, scoresOf, storeContract } from '../stores/contract.ts';

let places = 0;

storeContract(
  'opfs',
  async () => {
    const name = `flowers ${++places}`;
    return { target: opfs(name), source: () => opfs(name), put: (files) => opfs(name).write(files, {}) };
  },
  true,
);

storeContract(
  'indexedDb',
  async () => {
    const name = `flowers ${++places}`;
    return { target: indexedDb(name), source: () => indexedDb(name), put: (files) => indexedDb(name).write(files, {}) };
  },
  true,
);

storeContract('fromFiles', chosenFiles, false);

storeContract(
  'zip(File)',
  async () => {
    let file = new File([zipSync({})], 'flowers.zip');
    return {
      source: () => zip(file),
      put: async (files) => {
        file = new File([zipSync(Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])))], 'flowers.zip');
      },
    };
  },
  false,
);

test.each([
  ['opfs', opfs, listOpfs],
  ['indexedDb', indexedDb, listIndexedDb],
] as const)('%s lists and removes', async (_, store, list) => {
  for (const name of await list()) await store(name).remove();
  const [one, two] = [modelOf(1), modelOf(2)];
  await saveModel(one, store('rose'));
  await saveModel(two, store('daisy'));
  expect(await list()).toEqual(['daisy', 'rose']);
  await store('rose').remove();
  await store('rose').remove();
  expect(await list()).toEqual(['daisy']);
  expect(await scoresAt(store('daisy'))).toEqual(await scoresOf(two));
  await expect(scoresAt(store('rose'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  for (const model of [one, two]) dispose(model);
});
