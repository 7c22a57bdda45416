/**
 * What needs Node: folders of pictures as examples.
 *
 * @module
 */
export type { SkippedFile } from './class-folders.ts';
export { type ImageFolder, type ImageFolderSettings, imageFolder } from './image-folder.ts';
export { type LabelledPicture, labelledPictures } from './labelled-pictures.ts';
