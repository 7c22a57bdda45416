import { dispose, loadBase, useBackend } from 'tfjs-transfer';
import { cpu } from 'tfjs-transfer/backends/cpu';
import { hub } from 'tfjs-transfer/stores';
import { expect, test } from 'vitest';
import { commands } from 'vitest/browser';

declare module 'vitest/browser' {
  interface BrowserCommands {
    /** The address of a hub, and what was asked of it since the last question. */
    hubRequests(): Promise<{ endpoint: string; requests: string[] }>;
  }
}

test('a page loads from the hub once, checks what another origin sends, and keeps it', async () => {
  await useBackend(cpu());
  const { endpoint } = await commands.hubRequests();
  const load = async (offline: boolean) => {
    const base = await loadBase(hub('golden/tiny-bert', { endpoint, offline }));
    dispose(base);
    return base.origin;
  };
  await hub('golden/tiny-bert', { endpoint }).remove();
  await expect(load(true)).rejects.toMatchObject({
    code: 'OFFLINE',
    message: expect.stringContaining('the origin private file system has nothing of its revision main'),
  });
  const first = await load(false);
  expect(first.source).toBe(`${endpoint}/golden/tiny-bert/resolve/${'c'.repeat(40)}`);
  const { requests } = await commands.hubRequests();
  // The page sees no header of what leads to the other origin: it asks for the pointer, which has the hash.
  expect(requests).toContain('GET large/tiny-bert/model.safetensors');
  expect(requests).toContain(`GET /golden/tiny-bert/raw/${'c'.repeat(40)}/model.safetensors`);
  expect(await load(false)).toEqual(first);
  expect(await load(true)).toEqual(first);
  expect((await commands.hubRequests()).requests).toEqual([]);
});
