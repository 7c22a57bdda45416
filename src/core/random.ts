/** A source of uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * Makes the stream of uniform numbers that belongs to a key.
 *
 * The stream depends on the key alone, not on how often others were drawn from: the mask of a dropout is that of its
 * seed, step and layer, wherever and in whatever order it is computed. Every key is a seed, 0 included.
 *
 * Generator: sfc32 (C. Doty-Humphrey, PractRand), its state filled by FNV-1a over the key.
 *
 * @param key The parts of the key: a seed, then what the numbers are for.
 * @returns The stream.
 */
export function randomStream(...key: readonly (string | number)[]): Random {
  const text = key.join('/');
  const word = (salt: number) => {
    let hash = 0x811c9dc5 ^ salt;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    return hash;
  };
  let a = word(1);
  let b = word(2);
  let c = word(3);
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4294967296;
  };
  // FNV leaves neighbouring keys alike in their low bits; the generator itself mixes them apart within twenty rounds.
  for (let round = 0; round < 20; round++) next();
  return next;
}

/**
 * Draws a standard normal number (Box and Muller, 1958).
 *
 * @param random The source of uniform numbers.
 */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * Draws an order of the numbers below n (Fisher and Yates).
 *
 * @param n The count.
 * @param random The source of uniform numbers.
 */
export function permutation(n: number, random: Random): number[] {
  const order = Array.from({ length: n }, (_, index) => index);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
