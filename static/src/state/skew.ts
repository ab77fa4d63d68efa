/** Hosts whose clocks disagree with the server's: told by the times that their processes' signs of life bear. */

import { computed, signal } from "@preact/signals";

import type { Process } from "../protocol/records";
import { nowNs } from "./clock";
import { records } from "./live";
import { isLive } from "./opened";
import { calmRevision } from "./threads";

/** Less than this may be the way that a message takes. */
const LEAST_NS = 2e9;

/** How far ahead of its arrival a sign of life was dated, for the last two of a process. */
type Ahead = readonly [last: number, before: number | null];

const arrivals = signal<ReadonlyMap<string, Ahead>>(new Map());

/** Compare what just came over the socket with the server's time then; what was fetched may be old and says nothing. */
export function noteArrivals(processes: readonly Process[], timeNs: number): void {
  if (processes.length === 0) return;
  const noted = new Map(arrivals.value);
  for (const { id, seen_ns: seenNs } of processes) noted.set(id, [seenNs - timeNs, noted.get(id)?.[0] ?? null]);
  arrivals.value = noted;
}

/** By host: how many nanoseconds its clock is ahead of the server's; behind it, where that is negative. */
export const clockSkews = computed<ReadonlyMap<string, number>>(() => {
  calmRevision.value;
  if (!isLive.value) return new Map();
  const skews = new Map<string, number>();
  for (const { id, host, seen_ns: seenNs, ended_ns: endedNs } of records.processes()) {
    if (endedNs !== null) continue;
    const aheadNs = Math.max(seenNs - nowNs.value, aheadOf(arrivals.value.get(id)));
    const worst = skews.get(host) ?? 0;
    if (Math.abs(aheadNs) > LEAST_NS && Math.abs(aheadNs) > Math.abs(worst)) skews.set(host, aheadNs);
  }
  return skews;
});

/**
 * Return how far ahead a clock is. A sign of life can be late on its way, and by so much that clock seems to be behind:
 * of two in a row, the one that was less so is nearer to the truth. A single one tells nothing.
 */
function aheadOf(arrival: Ahead | undefined): number {
  const [last, before] = arrival ?? [0, null];
  return before === null ? 0 : Math.max(last, before);
}
