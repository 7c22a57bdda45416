/**
 * Text: what turns strings to the numbers that an encoder reads.
 *
 * @module tfjs-transfer/text
 */
export { type LoadTokenizerSettings, loadTokenizer } from './load-tokenizer.ts';
export { textExamples } from './text-examples.ts';
export { type TokenBatch, tokenize } from './tokenize.ts';
export type { Text, Tokenizer, Tokens } from './tokenizer.ts';
