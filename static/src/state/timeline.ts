/** How the timeline looks at the requests: by which colour, with which processes folded, at which stretch of time. */

import { signal } from "@preact/signals";

import type { ColourBy } from "../lib/colour";

/** A stretch of time, in milliseconds of Unix time. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

export const colourBy = signal<ColourBy>("user");
/** Ids of the processes whose lanes are folded into one. */
export const collapsed = signal<ReadonlySet<string>>(new Set());
/** The stretch that a person chose to look at; while the page follows, only its length counts. */
export const stretch = signal<Stretch | null>(null);

/** How long a stretch must stand still until the address says it. */
const SETTLED_MS = 250;
let settling: ReturnType<typeof setTimeout> | undefined;

/** Look at a stretch from now on; where a person was just moving the timeline to is overtaken. */
export function lookAt(wanted: Stretch | null): void {
  clearTimeout(settling);
  stretch.value = wanted;
}

/** Take note of where a person moves the timeline to, once it stands still. */
export function noteStretch(moved: Stretch): void {
  clearTimeout(settling);
  settling = setTimeout(() => (stretch.value = moved), SETTLED_MS);
}

/** Fold the lanes of a process, or unfold them. */
export function toggleProcess(id: string): void {
  const folded = new Set(collapsed.value);
  if (!folded.delete(id)) folded.add(id);
  collapsed.value = folded;
}
