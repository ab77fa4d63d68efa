/** The threads by process, and which processes still live. */

import { computed } from "@preact/signals";

import type { Thread } from "../protocol";
import { nowNs } from "./clock";
import { records, revision } from "./live";
import type { ProcessThreads } from "./records";

/** A process that was not seen for so long is taken for gone: it was killed, or its machine sleeps. */
const QUIET_NS = 60e9;
/** Less than this may be the way that a message takes. */
const SKEW_NS = 2e9;

export interface ThreadGroup extends ProcessThreads {
  alive: boolean;
}

/** Follows `revision` five times a second at most, for what need not move with every batch. */
export const calmRevision = computed(() => {
  nowNs.value;
  return revision.peek();
});

/** The server's time, to five seconds: enough for ages, and it redraws nothing in between. */
export const nowCoarseNs = computed(() => Math.floor(nowNs.value / 5e9) * 5e9);

/** Threads by process, those of living processes first. */
export const threadGroups = computed<ThreadGroup[]>(() => {
  calmRevision.value;
  const goneBefore = nowCoarseNs.value - QUIET_NS;
  const groups = records
    .threadsByProcess()
    .map((group) => ({ ...group, alive: group.process.ended_ns === null && group.process.seen_ns > goneBefore }));
  return [...groups.filter((group) => group.alive), ...groups.filter((group) => !group.alive)];
});

/** Return the thread with a key of `threadKey`. */
export function threadNamed(key: string): Thread | undefined {
  const dash = key.lastIndexOf("-");
  return records.thread(key.slice(0, dash), Number(key.slice(dash + 1)));
}

/** The hosts whose clocks run ahead of the server's, and by how much: times of theirs cannot be compared. */
export const clocksAhead = computed(() => {
  calmRevision.value;
  const aheadNs = new Map<string, number>();
  for (const { host, seen_ns: seenNs } of records.processes()) {
    const lengthNs = seenNs - nowNs.value;
    if (lengthNs > SKEW_NS) aheadNs.set(host, Math.max(lengthNs, aheadNs.get(host) ?? 0));
  }
  return aheadNs;
});
