import { elementwiseOperations } from './operations-elementwise.ts';
import { reductionOperations } from './operations-reductions.ts';
import { shapeOperations } from './operations-shapes.ts';
import type { Operation } from './operations-table.ts';
import { windowOperations } from './operations-windows.ts';

/** Every operation that networks for pictures and text use, with small inputs. */
export const operations: readonly Operation[] = [
  ...windowOperations,
  ...elementwiseOperations,
  ...reductionOperations,
  ...shapeOperations,
];
