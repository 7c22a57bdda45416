/** The version of this package; a test holds it against package.json, and `npm run release:version` writes it. */
export const version = '0.0.0';
