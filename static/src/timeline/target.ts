/** What stands under the pointer. */

import { AXIS_Y, type Frame, onCanvas, OVERVIEW_Y } from "./frame";
import { rowTop } from "./layout";
import { timeUsAt } from "./viewport";

/** How far from a bar the pointer still means it, in CSS pixels. */
const TOLERANCE_X = 3;

export type Target =
  | { kind: "bar"; slot: number }
  | { kind: "head"; key: string }
  | { kind: "lane"; thread: string | null }
  | { kind: "overview" }
  | { kind: "nothing" };

/** Tell what stands at a place of the canvas. */
export function targetAt(frame: Frame, cssX: number, cssY: number): Target {
  const { layout, strip, span } = frame;
  if (cssY > frame.cssHeight - OVERVIEW_Y) return { kind: "overview" };
  if (cssY < AXIS_Y) return { kind: "nothing" };
  const isAt = (topY: number, height: number): boolean => {
    const top = onCanvas(topY, frame);
    return cssY >= top && cssY < top + height;
  };
  const head = layout.heads.find((one) => isAt(one.cssY, layout.headCssY));
  if (head) return { kind: "head", key: head.key };
  const shelf = layout.shelves.find((one) => isAt(one.cssY, one.cssHeight));
  if (!shelf) return { kind: "nothing" };
  const lane: Target = { kind: "lane", thread: shelf.lane.key };
  if (cssX < strip.cssLeft) return lane;
  const track = shelf.lane.tracks[Math.floor((cssY - onCanvas(rowTop(shelf, 0), frame)) / shelf.rowCssY)];
  const toleranceUs = (TOLERANCE_X / strip.cssWidth) * (span.toUs - span.fromUs);
  const slot = track?.at(timeUsAt(cssX, span, strip), toleranceUs);
  return slot === undefined ? lane : { kind: "bar", slot };
}
