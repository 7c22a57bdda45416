let going = 0;

/**
 * Counts a run as going on.
 *
 * @returns Ends it; a second call does nothing.
 */
export function beginRun(): () => void {
  let ended = false;
  going++;
  return () => {
    if (!ended) going--;
    ended = true;
  };
}

/** How many runs are going on. */
export const runsGoing = () => going;
