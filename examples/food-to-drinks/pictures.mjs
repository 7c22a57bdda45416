// The pictures of examples/data/emoji and how they are divided; the same each time.
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../data/emoji/google/', import.meta.url));

/** The files of a class, in an order that mixes their names. */
async function filesOf(name) {
  const files = (await readdir(`${folder}${name}`)).filter((file) => file.endsWith('.png'));
  const mixed = (file) => [...file].reduce((hash, letter) => (Math.imul(hash, 31) + letter.codePointAt(0)) >>> 0, 7);
  return files.sort((a, b) => mixed(a) - mixed(b)).map((file) => `${folder}${name}/${file}`);
}

const others = async () => {
  const names = ['animal', 'clothing', 'music', 'plant', 'sport', 'tool', 'vehicle'];
  const lists = await Promise.all(names.map(filesOf));
  // One of each class in turn, so that any first part holds all classes.
  return Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, i) => lists.map((list) => list[i]))
    .flat()
    .filter(Boolean);
};

// The name is what mirrored views are drawn by: the same wherever this repository lies.
const labelled = (files, target) => files.map((file) => ({ file, target, name: file.slice(folder.length) }));

/** Food (1) against the rest (0), without drinks; a fifth of each for validation. */
export async function foodSplit(limit) {
  const groups = [labelled((await others()).slice(0, limit), 0), labelled((await filesOf('food')).slice(0, limit), 1)];
  const isValidation = (_, index) => index % 5 === 0;
  return {
    train: groups.flatMap((group) => group.filter((one, index) => !isValidation(one, index))),
    validation: groups.flatMap((group) => group.filter(isValidation)),
  };
}

/** Drinks (1) against the rest without food (0): some examples of each to learn from, others to measure on. */
export async function drinksSplit({ examples, test }) {
  const groups = [labelled(await others(), 0), labelled(await filesOf('drink'), 1)];
  return {
    train: groups.flatMap((group) => group.slice(0, examples)),
    test: groups.flatMap((group) => group.slice(examples, examples + test)),
  };
}
