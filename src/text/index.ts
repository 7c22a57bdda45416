/**
 * Text: what turns strings to the numbers that an encoder reads.
 *
 * @module tfjs-transfer/text
 */
export { cosineSimilarity } from './cosine-similarity.ts';
export { embed } from './embed.ts';
export { labelWords, type WordLabel } from './label-words.ts';
export { type LoadTokenizerSettings, loadTokenizer } from './load-tokenizer.ts';
export { type SaveHuggingFaceSettings, saveHuggingFace } from './save-hugging-face.ts';
export { textExamples } from './text-examples.ts';
export { type TokenBatch, tokenize } from './tokenize.ts';
export type { Text, Tokenizer, Tokens, WordTokens } from './tokenizer.ts';
export { wordExamples } from './word-examples.ts';
