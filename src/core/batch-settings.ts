/** Settings of what goes through examples, or texts, and trains nothing. */
export interface BatchSettings {
  /** How many at a time. Default: 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}
