/** Which part of the page shows, and the whole view as one value that the address carries. */

import { computed, signal } from "@preact/signals";

import { type Tab, toHash, type ViewState } from "../lib/address";
import { findingKind, findingLevel, knownShown, openFindings, openGroup, toldOccurrence } from "./findings";
import { choose, chooseThread, chosen, filterText, paused, pinnedThread, setFilter, setPaused, setSort, sort } from "./live";
import { chosenColumns } from "./table";
import { collapsed, colourBy, lookAt, stretch } from "./timeline";

export const tab = signal<Tab>("requests");

/** What the address says now. */
export const view = computed<ViewState>(() => ({
  tab: tab.value,
  filter: filterText.value,
  sort: sort.value,
  columns: chosenColumns.value,
  request: chosen.value,
  paused: paused.value,
  thread: pinnedThread.value,
  finding: openGroup.value,
  occurrence: toldOccurrence.value,
  known: knownShown.value,
  level: findingLevel.value,
  kind: findingKind.value,
  colour: colourBy.value,
  folded: [...collapsed.value],
  time: stretch.value && [stretch.value.fromMs, stretch.value.toMs],
}));

/** Show what an address says. */
export function show(wanted: ViewState): void {
  tab.value = wanted.tab;
  setFilter(wanted.filter);
  setSort(wanted.sort);
  chosenColumns.value = wanted.columns;
  chooseThread(wanted.thread);
  choose(wanted.request);
  setPaused(wanted.paused);
  openFindings(wanted.finding, wanted.occurrence);
  knownShown.value = wanted.known;
  findingLevel.value = wanted.level;
  findingKind.value = wanted.kind;
  colourBy.value = wanted.colour;
  collapsed.value = new Set(wanted.folded);
  // The last of all: choosing a request may move the timeline, and an address knows better where it looks.
  lookAt(wanted.time && { fromMs: wanted.time[0], toMs: wanted.time[1] });
}

/** Return a link to the present view with parts of it changed; to a group, it leads to the newest occurrence. */
export function linkTo(change: Partial<ViewState>): string {
  const { finding, occurrence } = view.value;
  const isOther = change.finding !== undefined && change.finding !== finding;
  return toHash({ ...view.value, occurrence: isOther ? null : occurrence, ...change }) || "#";
}
