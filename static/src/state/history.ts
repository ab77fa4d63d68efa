/** Requests from before those that the page began with: fetched page by page, for as long as there is room for them. */

import { signal } from "@preact/signals";

import type { FindingList, Older, RequestList } from "../protocol/messages";
import { changeListeners, listing, records, take } from "./live";
import { RETAIN } from "./records";

export type History =
  /** The page holds all that the store has. */
  | { state: "whole" }
  | { state: "more" }
  | { state: "loading" }
  | { state: "failed"; message: string }
  /** The page holds as many requests as it ever does. */
  | { state: "full" };

/** The two lists, newest first; each page ends in the cursor of the next. */
export interface Lists {
  requests(cursor: string): Promise<RequestList>;
  findings(cursor: string): Promise<FindingList>;
}

/** Loading goes on until so many rows came that pass the filter: a screen or two. */
const ENOUGH = 100;
/** A finding stands in the store about where its request does; at most this far in front of it. */
const FINDINGS_AHEAD = 2_000;

export const history = signal<History>({ state: "whole" });

let lists: Lists | null = null;
let cursors: Older = { requests: null, findings: null };
/** Grows when another state replaces the one that is being added to. */
let generation = 0;

changeListeners.add((change) => {
  if (change === null) beginHistory(null, { requests: null, findings: null });
});

/** Say from where history is fetched, and where it begins: behind the full state that has just come. */
export function beginHistory(from: Lists | null, older: Older): void {
  generation += 1;
  lists = from;
  cursors = older;
  history.value = older.requests === null ? { state: "whole" } : { state: "more" };
}

/** Load requests that are older than all that are here, into the table and the timeline. */
export async function loadHistory(): Promise<void> {
  if (lists === null || (history.value.state !== "more" && history.value.state !== "failed")) return;
  const [from, began] = [lists, generation];
  const wanted = listing.length + ENOUGH;
  history.value = { state: "loading" };
  try {
    while (cursors.requests !== null && records.rows.length < RETAIN && listing.length < wanted) {
      const page = await from.requests(cursors.requests);
      if (generation !== began) return;
      take({ requests: page.requests }, true);
      cursors = { ...cursors, requests: page.cursor };
      await loadFindings(from, began);
      if (generation !== began) return;
    }
    if (cursors.requests === null) history.value = { state: "whole" };
    else history.value = { state: records.rows.length < RETAIN ? "more" : "full" };
  } catch (error) {
    if (generation === began) history.value = { state: "failed", message: (error as Error).message };
  }
}

/** Load what was found in the requests that are here by now. */
async function loadFindings(from: Lists, began: number): Promise<void> {
  const until = Number(cursors.requests ?? 0) - FINDINGS_AHEAD;
  while (cursors.findings !== null && Number(cursors.findings) > until) {
    const page = await from.findings(cursors.findings);
    if (generation !== began) return;
    take({ findings: page.findings });
    cursors = { ...cursors, findings: page.cursor };
  }
}
