/**
 * Pictures of a page as examples: chosen and dropped files, canvases, videos, cameras. Workers on further cores.
 *
 * @module tfjs-transfer/web
 */
export type { SkippedFile } from '../data/class-folders.ts';
export type { ImageFolderSettings } from '../data/class-pictures.ts';
export { droppedFiles } from './dropped-files.ts';
export { featureWorkers } from './feature-workers.ts';
export { type ImageExample, imageExamples } from './image-examples.ts';
export { type ImageFiles, imageFiles, type LabelledFile } from './image-files.ts';
export type { DecodedIn } from './picture-decoder.ts';
export { serveFeatures } from './serve-features.ts';
export { type SnapshotSettings, snapshot } from './snapshot.ts';
export { type VideoFramesSettings, videoFrames } from './video-frames.ts';
