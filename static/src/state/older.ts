/** Findings further back in the store than the page looks by itself: fetched a group at a time, when asked for. */

import { signal } from "@preact/signals";

import type { FindingList } from "../protocol/messages";
import type { Group } from "./groups";
import { records, take } from "./live";

/** So many pages of findings of other groups are gone through before asking again. */
const PAGES = 10;

/** What is asked of the store: the holder, where the cause is one; else the kind. */
type Such = { holder: string } | { kind: string };
type FetchFindings = (cursor: string, such: Such) => Promise<FindingList>;

/** Null where there is no server to ask. */
const fetchFindings = signal<FetchFindings | null>(null);
/** Where looking goes on, by group; null at the end of the store. */
const cursors = signal<ReadonlyMap<string, string | null>>(new Map());

/** Say how findings are fetched; null with a file that was opened here, which holds all that there is. */
export function fetchOlderWith(fetch: FetchFindings | null): void {
  fetchFindings.value = fetch;
  cursors.value = new Map();
}

/** Tell whether the store may keep older findings of a group. */
export function hasOlder(group: Group): boolean {
  return fetchFindings.value !== null && cursors.value.get(group.id) !== null;
}

/** Take in older findings of a group, and return how many were new. */
export async function loadOlder(group: Group): Promise<number> {
  const fetch = fetchFindings.value;
  let cursor = cursors.value.get(group.id) ?? "";
  let found = 0;
  for (let page = 0; fetch && page < PAGES && found === 0; page++) {
    const held = new Set(records.findings().map((finding) => finding.id));
    const list = await fetch(cursor, group.holder === null ? { kind: group.kind } : { holder: group.holder });
    const fresh = list.findings.filter((finding) => finding.group === group.id && !held.has(finding.id));
    take({ findings: fresh });
    found += fresh.length;
    cursors.value = new Map(cursors.value).set(group.id, list.cursor);
    if (list.cursor === null) break;
    cursor = list.cursor;
  }
  return found;
}
