import { expect, test } from 'vitest';
import { cdp, commands, server } from 'vitest/browser';
import { cpu } from '../../src/backends/cpu.ts';
import { dispose, saveModel, useBackend } from '../../src/index.ts';
import { download, zip } from '../../src/stores/index.ts';
import { modelOf, scoresAt, scoresOf } from '../stores/contract.ts';

/** What is used of Chromium's own protocol. */
interface Session {
  send(method: string, parameters?: object): Promise<unknown>;
  on(event: string, listener: (parameters: { readonly state: string }) => void): void;
}

test('a download is one zip, which loads again', async () => {
  await useBackend(cpu());
  const model = modelOf(1);
  const folder = `${server.config.root}/test/.tmp/downloads`;
  const session = cdp() as unknown as Session;
  await session.send('Page.enable');
  await session.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
  const written = new Promise<void>((resolve) => {
    session.on('Page.downloadProgress', ({ state }) => state === 'completed' && resolve());
  });
  expect(await saveModel(model, download('flowers'))).toEqual({ location: "download('flowers')" });
  await written;
  const path = `${folder}/flowers.zip`;
  const text = atob(await commands.readFile(path, 'base64'));
  await commands.removeFile(path);
  const file = new File([Uint8Array.from(text, (character) => character.charCodeAt(0))], 'flowers.zip');
  expect(await scoresAt(zip(file))).toEqual(await scoresOf(model));
  await expect(scoresAt(download('flowers'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(saveModel(model, zip(file))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  dispose(model);
});
