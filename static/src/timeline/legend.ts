/** What the bars' colours stand for, on the stretch of time that is looked at. */

import type { ColourBy } from "../lib/colour";
import { userName } from "../lib/people";
import { t } from "../lib/text";
import type { Request } from "../protocol/records";
import type { Model } from "./model";
import type { Span } from "./viewport";

/** A colour, and all that has it: there are fewer colours than names. */
export interface LegendEntry {
  tone: number;
  names: string[];
}

/** Return the colours between two times, those of the most bars first. */
export function legendOf(model: Model, { fromUs, toUs }: Span): LegendEntry[] {
  const { bars, colourBy } = model;
  const found = new Map<number, { bars: number; names: Set<string> }>();
  for (const track of model.tracks()) {
    const end = track.endStartingBefore(toUs);
    for (let place = track.firstEndingAfter(fromUs); place < end; place++) {
      const slot = track.slots[place] as number;
      const tone = bars.tone[slot] as number;
      let entry = found.get(tone);
      if (!entry) found.set(tone, (entry = { bars: 0, names: new Set() }));
      entry.bars += 1;
      entry.names.add(meaningOf(model.rowAt(slot).request, colourBy));
    }
  }
  return [...found]
    .sort(([, a], [, b]) => b.bars - a.bars)
    .map(([tone, { names }]) => ({ tone, names: [...names].sort() }));
}

function meaningOf(request: Request, by: ColourBy): string {
  switch (by) {
    case "user":
      return userName(request.user);
    case "route":
      return request.route || request.view || request.path;
    case "status":
      return meaningOfStatus(request);
    case "process":
      return t("pid {pid}", { pid: request.pid });
  }
}

function meaningOfStatus({ status, outcome }: Request): string {
  if (outcome === "open") return t("running");
  if (outcome === "error") return t("error");
  if (outcome === "aborted") return t("aborted");
  return status === null ? t("no status") : `${Math.floor(status / 100)}xx`;
}
