/** What people said of groups of findings, as the store keeps it; everybody who looks sees the same. */

import { computed, signal } from "@preact/signals";

import type { Mark } from "../protocol/records";

/** Keeps marks for everybody. */
export interface Marker {
  mark(group: string, note: string): Promise<Mark>;
  unmark(group: string): Promise<Mark>;
}

/** Null where nothing keeps them: with a file that was opened here. */
export const marker = signal<Marker | null>(null);

/** By group: the last mark on each, be it one that takes another back. */
export const marks = signal<ReadonlyMap<string, Mark>>(new Map());

/** The groups that somebody marked as known: they are no news, and hidden unless asked for. */
export const known = computed<ReadonlySet<string>>(
  () => new Set([...marks.value.values()].filter((mark) => mark.known).map((mark) => mark.group)),
);

/** Begin again with all the marks that there are. */
export function replaceMarks(all: readonly Mark[]): void {
  marks.value = new Map();
  takeMarks(all);
}

/** Take marks in; one that is older than what is known changes nothing. */
export function takeMarks(news: readonly Mark[]): void {
  if (news.length === 0) return;
  const newest = new Map(marks.value);
  for (const mark of news) {
    const before = newest.get(mark.group);
    if (!before || before.at_ns <= mark.at_ns) newest.set(mark.group, mark);
  }
  marks.value = newest;
}
