/**
 * Bases that come with the library. Pretrained ones are packages of their own, such as
 * `@tfjs-transfer/efficientnet-lite0`.
 *
 * @module tfjs-transfer/bases
 */
export { type TinyCnnSettings, tinyCnn } from './tiny-cnn.ts';
