import type { TransferModel } from '../../core/handle.ts';
import { loadModel } from '../../model/load-model.ts';
import { type CommandIo, signalOf } from './command-io.ts';
import { placeInFlags } from './place-in-flags.ts';

/**
 * Loads a model that `train` saved. The caller disposes it.
 *
 * @param place Its path or URL.
 * @param io The signal that interrupts.
 */
export const savedModel = (place: string, io: CommandIo): Promise<TransferModel> =>
  placeInFlags(loadModel(place, signalOf(io)), 'Pass the folder or URL of a model that train saved.');
