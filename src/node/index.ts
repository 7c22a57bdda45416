/**
 * What needs Node: folders of pictures as examples.
 *
 * @module tfjs-transfer/node
 */
export type { SkippedFile } from '../data/class-folders.ts';
export type { ImageFolderSettings } from '../data/class-pictures.ts';
export { type ImageFolder, imageFolder } from './image-folder.ts';
export { type LabelledPicture, labelledPictures } from './labelled-pictures.ts';
