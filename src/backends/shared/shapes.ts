/** The shape of pictures (`[batch, height, width, channels]`), or of a filter of two dimensions. */
export type Shape4 = [number, number, number, number];

/** The shape of volumes (`[batch, depth, height, width, channels]`), or of a filter of three dimensions. */
export type Shape5 = [number, number, number, number, number];
