import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from '../core/backend.ts';
import { TransferError } from '../core/errors.ts';
import type { FeaturePart, SentValue } from '../core/feature-workers.ts';
import type { WorkerReply, WorkerRequest } from '../core/worker-ports.ts';
import { buildModel } from './build.ts';
import { disposeValues, type Value } from './execute.ts';
import { folderOf, noFindings } from './fold.ts';
import { graphOf } from './graph.ts';
import { networkOf } from './network.ts';
import { buffersOf, ownMemory, receivedValues, sentValues } from './sent-values.ts';
import { useBackend } from './use-backend.ts';

/** A worker's connection to who started it. */
export interface ServingPort {
  post(reply: WorkerReply, moved: ArrayBuffer[]): void;
  listen(onRequest: (request: WorkerRequest) => void): void;
}

interface ServedPart {
  compute(given: readonly SentValue[]): Promise<SentValue[]>;
  release(): void;
}

/**
 * What a worker does: it takes parts of networks and computes them, one request after the other.
 *
 * @param port The connection.
 * @param backends The backends that it may compute on; the run says on which.
 */
export function serveParts(port: ServingPort, backends: readonly Backend[]): void {
  const parts = new Map<number, ServedPart>();
  let before = Promise.resolve();
  port.listen((request) => {
    before = before.then(() => answer(request));
  });
  port.post({ kind: 'ready' }, []);

  async function answer(request: WorkerRequest): Promise<void> {
    const { id } = request;
    try {
      const result = await perform(request);
      port.post({ kind: 'done', id, result }, buffersOf(result));
    } catch (error) {
      const { code, message } = asTransferError(error);
      port.post({ kind: 'failed', id, code, message }, []);
    }
  }

  async function perform(request: WorkerRequest): Promise<SentValue[]> {
    const { job } = request;
    if (request.kind === 'compute') return (parts.get(job) as ServedPart).compute(request.given);
    if (request.kind === 'begin') parts.set(job, await takePart(request.part, backends));
    else {
      parts.get(job)?.release();
      parts.delete(job);
    }
    return [];
  }
}

const asTransferError = (error: unknown) =>
  error instanceof TransferError
    ? error
    : new TransferError('RUN_FAILED', error instanceof Error ? error.message : String(error));

async function takePart(part: FeaturePart, backends: readonly Backend[]): Promise<ServedPart> {
  await startBackend(part.backend, backends);
  const { topology, weightSpecs, weightData } = part;
  const artifacts = { topology, specs: [...weightSpecs], data: weightData as ArrayBuffer, metadata: {} };
  const { model, release } = await buildModel({ ...artifacts, sha256: undefined }, 'A part of the network').catch(
    (cause: unknown) => {
      throw new TransferError(
        'UNSUPPORTED',
        `A worker cannot take its part of the network: ${(cause as Error).message} That holds for workers too: give them a program that imports your layers and calls serveFeatures(wasm()), as the second argument of featureWorkers; or pass no workers.`,
        { cause },
      );
    },
  );
  const network = networkOf(graphOf(model), release);
  const { applications, inputs, outputs } = network.graph;
  network.hold();
  const folder = folderOf(network, noFindings());
  return {
    release() {
      folder.dispose();
      network.giveBack();
    },
    async compute(given) {
      const received = receivedValues(given);
      const results: Value[] = [];
      try {
        const values = new Map(inputs.map((id, i) => [id, received[i] as Value]));
        results.push(...(await folder.infer({}, applications, values, outputs)));
        return await sentValues(results, ownMemory);
      } finally {
        disposeValues([...received, ...results]);
      }
    },
  };
}

async function startBackend(name: string, backends: readonly Backend[]): Promise<void> {
  const backend = backends.find((one) => one.name === name);
  if (!backend) {
    const served = backends.map((one) => one.name).join(' and ') || 'none';
    throw new TransferError(
      'UNSUPPORTED',
      `The run computes on ${name}, and its workers on ${served}: features would not be the same bits. Call useBackend with the backend of the workers, give them a program that calls serveFeatures with that of the run, or pass no workers.`,
    );
  }
  if (tf.getBackend() === name) return;
  await backend.load();
  // Threads of its own in each of several workers would fight for the same cores.
  if (name === 'wasm') tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  await useBackend(backend);
}
