/** How often something happened over a stretch of time. */

/** Count times into buckets of equal length between two moments; times outside them are left out. */
export function histogram(timesNs: Iterable<number>, fromNs: number, untilNs: number, buckets: number): number[] {
  const counts = new Array<number>(buckets).fill(0);
  const length = Math.max(1, untilNs - fromNs);
  for (const timeNs of timesNs) {
    if (timeNs < fromNs || timeNs > untilNs) continue;
    const bucket = Math.min(buckets - 1, Math.floor(((timeNs - fromNs) / length) * buckets));
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}
