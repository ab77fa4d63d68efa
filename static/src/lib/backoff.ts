/** How long to wait before trying again. */

const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/**
 * Return the wait before the next attempt, in milliseconds: doubling, with half of it left to chance, so that the
 * browsers of a server that came back do not all knock at once.
 *
 * @param attempt how many attempts have failed, from 1.
 * @param random a number from 0 to 1.
 */
export function waitMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * random);
}
