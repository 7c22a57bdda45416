/**
 * What needs Node: folders of pictures as examples, and workers on further cores.
 *
 * @module tfjs-transfer/node
 */
export type { SkippedFile } from '../data/class-folders.ts';
export type { ImageFolderSettings } from '../data/class-pictures.ts';
export { featureWorkers } from './feature-workers.ts';
export { type ImageFolder, imageFolder } from './image-folder.ts';
export { type LabelledPicture, labelledPictures } from './labelled-pictures.ts';
export { serveFeatures } from './serve-features.ts';
