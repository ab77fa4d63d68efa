/** Which request is next: along a lane, to the lane above or below, from finding to finding. */

import { HAZARD } from "./bars";
import type { Lane } from "./lanes";
import type { Layout } from "./layout";
import type { Model } from "./model";

/** Return the request of the same lane that begins next, or began before. */
export function along(model: Model, slot: number, step: 1 | -1): number | undefined {
  const fromUs = model.bars.startUs[slot] as number;
  return nearest(model, slotsAround(model.laneOf(slot), fromUs), fromUs, (startUs) => (startUs - fromUs) * step > 0);
}

/** Return the request nearest in time on the next lane that is on the screen. */
export function across(model: Model, layout: Layout, slot: number, step: 1 | -1): number | undefined {
  const place = layout.shelves.findIndex(({ lane }) => lane === model.laneOf(slot));
  const next = place < 0 ? undefined : layout.shelves[place + step];
  const fromUs = model.bars.startUs[slot] as number;
  return next && nearest(model, slotsAround(next.lane, fromUs), fromUs, () => true);
}

/** Return the next request with a leak or a hazard, from a time on. */
export function toFinding(model: Model, fromUs: number, step: 1 | -1): number | undefined {
  return nearest(model, found(model), fromUs, (startUs) => (startUs - fromUs) * step > 0);
}

/** Return the last request that begins before a time. */
export function lastBefore(model: Model, layout: Layout, untilUs: number): number | undefined {
  const slots = layout.shelves.flatMap(({ lane }) => [...slotsAround(lane, untilUs)]);
  return nearest(model, slots, untilUs, (startUs) => startUs <= untilUs);
}

/** Go through the bars of a lane that stand next to a time: on each row two before it and two after. */
function* slotsAround(lane: Lane, timeUs: number): Generator<number> {
  for (const track of lane.tracks) {
    const place = track.firstEndingAfter(timeUs);
    for (let at = Math.max(0, place - 2); at < Math.min(track.slots.length, place + 3); at++) {
      yield track.slots[at] as number;
    }
  }
}

function* found({ bars }: Model): Generator<number> {
  for (let slot = 0; slot < bars.rows.length; slot++) {
    if (bars.rows[slot] && (bars.marks[slot] as number) >= HAZARD) yield slot;
  }
}

function nearest(
  { bars }: Model,
  slots: Iterable<number>,
  timeUs: number,
  accepts: (startUs: number) => boolean,
): number | undefined {
  let best: number | undefined;
  let leastUs = Infinity;
  for (const slot of slots) {
    const startUs = bars.startUs[slot] as number;
    const farUs = Math.abs(startUs - timeUs);
    if (farUs >= leastUs || !accepts(startUs)) continue;
    best = slot;
    leastUs = farUs;
  }
  return best;
}
