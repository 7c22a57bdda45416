/** What a command writes to, and what interrupts it. */
export interface CommandIo {
  /** Results. */
  readonly stdout: NodeJS.WritableStream;
  /** Progress and complaints. */
  readonly stderr: NodeJS.WritableStream & { readonly columns?: number };
  /** Whether stderr is a terminal, whose line can be rewritten. */
  readonly isTTY: boolean;
  readonly signal?: AbortSignal;
}

/** The exit codes of every command. */
export const exitCodes = { done: 0, failed: 1, wrongUsage: 2, interrupted: 130 } as const;

/** The signal as a setting, where there is one. */
export const signalOf = ({ signal }: CommandIo): { readonly signal?: AbortSignal } => (signal ? { signal } : {});

/**
 * Writes lines of text.
 *
 * @param stream Where to.
 * @param lines The lines, without their ends.
 */
export function print(stream: NodeJS.WritableStream, ...lines: readonly string[]): void {
  stream.write(`${lines.join('\n')}\n`);
}
