/** The threads by process, and which processes still live. */

import { computed } from "@preact/signals";

import { asksSynthetic } from "../lib/filter";
import type { Process, Thread } from "../protocol/records";
import { nowNs, ticks } from "./clock";
import { filter, records, revision } from "./live";
import type { ProcessThreads } from "./records";

/** A process that was not seen for so long is taken for gone: it was killed, or its machine sleeps. */
const QUIET_NS = 60e9;

export interface ThreadGroup extends ProcessThreads {
  alive: boolean;
}

/** Follows `revision` five times a second at most, for what need not move with every batch. */
export const calmRevision = computed(() => {
  ticks.value;
  return revision.peek();
});

/** The server's time, to five seconds: enough for ages, and it redraws nothing in between. */
export const nowCoarseNs = computed(() => Math.floor(nowNs.value / 5e9) * 5e9);

/** Threads by process, those of living processes first, and behind them the others, the youngest first. */
export const threadGroups = computed<ThreadGroup[]>(() => {
  calmRevision.value;
  const goneBefore = nowCoarseNs.value - QUIET_NS;
  const groups = records
    .threadsByProcess()
    .filter(({ process }) => isShown(process))
    .map((group) => ({ ...group, threads: group.threads.filter(isShown), alive: group.process.ended_ns === null && group.process.seen_ns > goneBefore }));
  return [...groups.filter((group) => group.alive), ...groups.filter((group) => !group.alive).reverse()];
});

/** How many requests of a thread or a process show: those that reqtrace sent itself only where they are asked for. */
export function requestsShown({ requests, synthetic }: Thread | Process): number {
  return asksSynthetic(filter.value) ? requests : requests - synthetic;
}

function isShown(served: Thread | Process): boolean {
  return served.synthetic === 0 || requestsShown(served) > 0;
}

/** Return the thread with a key of `threadKey`. */
export function threadNamed(key: string): Thread | undefined {
  const dash = key.lastIndexOf("-");
  return records.thread(key.slice(0, dash), Number(key.slice(dash + 1)));
}
