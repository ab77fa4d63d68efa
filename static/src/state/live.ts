/** The records and the table as the page shows them now, and everything that changes them. */

import { computed, signal } from "@preact/signals";

import { NEWEST_FIRST, type Sort } from "../lib/columns";
import { asksSynthetic, parseFilter, withKey } from "../lib/filter";
import type { Finding, Records } from "../protocol/records";
import { Announcer } from "./announcement";
import { serverTimeNs } from "./clock";
import { Listing } from "./listing";
import { known, replaceMarks, takeMarks } from "./marks";
import { replaceMeasurements, takeMeasurements } from "./measurements";
import { type Change, RecordStore, threadKey } from "./records";

export const records = new RecordStore();
export const listing = new Listing(records);

/** Grows, at most once a frame, when `records` or `listing` changed: read it to be drawn again. */
export const revision = signal(0);
/** False until the first state came from the server. */
export const loaded = signal(false);
/** What is read out: the last leak that arrived while the page was open. */
export const announcement = signal("");

export const filterText = signal("");
export const filter = computed(() => parseFilter(filterText.value));
/** What the table is sorted by. */
export const sort = signal<Sort>(NEWEST_FIRST);
export const paused = signal(false);
/** Id of the chosen request, whose details show. */
export const chosen = signal<string | null>(null);
/** Id of the request that the keys walk from. */
export const active = signal<string | null>(null);
/** The thread that was chosen itself, by `threadKey`; choosing a request lets go of it, and the other way round. */
export const pinnedThread = signal<string | null>(null);
/** The thread under the pointer, by `threadKey`. */
export const hovered = signal<string | null>(null);

/** The thread whose requests are lit: the chosen one, or that of the chosen request when that is in memory. */
export const chosenThread = computed(() => {
  revision.value;
  const request = chosen.value === null ? undefined : records.row(chosen.value)?.request;
  return request ? threadKey(request.process, request.thread_serial) : pinnedThread.value;
});

/** Who is told of every change of the records as it happens; null says that all of them were replaced. */
export const changeListeners = new Set<(change: Change | null) => void>();

const announcer = new Announcer();
/** When the state came that the page began with: what happened before is no news. */
let beganNs = 0;
let frame = 0;
/** The last arrival that the frame on the screen shows. */
let drawnArrival = 0;

/** Ask for one redraw with the next frame, however much changes until then. */
function redraw(): void {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    drawnArrival = records.lastArrival;
    revision.value += 1;
  });
}

/** Begin again with a full state. */
export function replaceAll(state: Records): void {
  replaceMarks(state.marks);
  replaceMeasurements(state.measurements);
  records.clear();
  records.apply(state);
  listing.restart();
  for (const listener of changeListeners) listener(null);
  announcer.know(state.findings);
  beganNs = serverTimeNs();
  loaded.value = true;
  redraw();
}

/** Take in more of the full state that the page begins with: it is there from the start, also on a page that is paused. */
export function complete(state: Records): void {
  announcer.know(state.findings);
  takeIn(state, false);
  listing.holdAll();
}

/** Begin again with nothing, as before the first state came. */
export function forgetAll(): void {
  replaceAll({ processes: [], threads: [], requests: [], findings: [], marks: [], measurements: [] });
  loaded.value = false;
}

/** Take in what arrived or was fetched; `isHistory` says that its requests are older than all that are here. */
export function take(state: Partial<Records>, isHistory = false): void {
  announce(takeIn(state, isHistory).findings);
}

function takeIn(state: Partial<Records>, isHistory: boolean): Change {
  takeMarks(state.marks ?? []);
  takeMeasurements(state.measurements);
  const change = records.apply(state, isHistory);
  listing.apply(change);
  for (const listener of changeListeners) listener(change);
  redraw();
  return change;
}

function announce(findings: readonly Finding[]): void {
  const isNews = (finding: Finding): boolean =>
    (records.row(finding.request)?.startNs ?? Infinity) > beganNs && !known.peek().has(finding.group);
  announcer.know(findings.filter((finding) => !isNews(finding)));
  announcement.value = announcer.hear(findings.filter(isNews), Date.now()) ?? announcement.value;
}

export function setFilter(text: string): void {
  if (text === filterText.value) return;
  filterText.value = text;
  showSynthetic(asksSynthetic(filter.value));
  listing.setFilter(filter.value);
  redraw();
}

function showSynthetic(show: boolean): void {
  if (!records.showSynthetic(show)) return;
  listing.restart();
  for (const listener of changeListeners) listener(null);
}

export function setSort(wanted: Sort): void {
  sort.value = wanted;
  listing.setSort(wanted);
  redraw();
}

export function setPaused(pause: boolean): void {
  if (pause === paused.value) return;
  paused.value = pause;
  if (pause) listing.pause(drawnArrival);
  else listing.follow();
  redraw();
}

/** Show a request's details. The table is held, or the row would run away. */
export function choose(id: string | null): void {
  chosen.value = id;
  if (id !== null) {
    pinnedThread.value = null;
    active.value = id;
    setPaused(true);
  }
}

/** Light up the requests of a thread and show what is known about it. */
export function chooseThread(key: string | null): void {
  pinnedThread.value = key;
  if (key !== null) choose(null);
}

/** Tell whether the filter asks for exactly this thread. */
export function filtersThread(pid: number, serial: number): boolean {
  const value = (key: string): string | undefined => filter.value.terms.find((term) => term.key === key)?.value;
  return value("process") === String(pid) && value("thread") === String(serial);
}

/** Filter by a thread, or stop doing so. */
export function toggleThread(pid: number, serial: number): void {
  const on = !filtersThread(pid, serial);
  const text = withKey(filterText.value, "process", on ? String(pid) : null);
  setFilter(withKey(text, "thread", on ? String(serial) : null));
}
