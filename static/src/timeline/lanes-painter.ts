/** Draws what stands behind and beside the bars: the ground of each lane, and its name. */

import { t, tn } from "../lib/text";
import type { Sharing } from "../protocol/records";
import { type Frame, inView, onCanvas } from "./frame";
import { paintHead } from "./heads-painter";
import type { Protocol } from "./lanes";
import type { Shelf } from "./layout";
import { write, writeName } from "./text";

/** The three small marks of the page, as rectangles of a 14 px square: x, y, width, height. */
const SHARING_BARS: Record<Sharing, readonly [number, number, number, number][]> = {
  exclusive: [[1, 5, 5, 4]],
  sequential: [
    [1, 5, 3, 4],
    [5.5, 5, 3, 4],
    [10, 5, 3, 4],
  ],
  interleaved: [
    [1, 1.5, 8, 3],
    [4, 5.5, 9, 3],
    [2, 9.5, 7, 3],
  ],
};

const FOLDED: Record<Protocol, (count: number) => string> = {
  http: (count) => tn("{n} thread, 1 request", "{n} threads, 1 request each", count),
  websocket: (count) => tn("{n} thread, 1 socket", "{n} threads, 1 socket each", count),
  job: (count) => tn("{n} thread, 1 job", "{n} threads, 1 job each", count),
};

/** What stands behind a lane's thread. */
const WORDS = { websocket: t("sockets"), job: t("jobs") };

/** Draw the ground of lanes and heads, under the bars. */
export function paintGrounds(frame: Frame): void {
  const { context, theme, layout, cssWidth } = frame;
  for (const shelf of layout.shelves) {
    if (!inView(shelf.cssY, shelf.cssHeight, frame)) continue;
    const top = onCanvas(shelf.cssY, frame);
    const isLit = frame.lit.has(shelf.lane.key) && shelf.lane.key !== null;
    context.fillStyle = isLit ? theme.colours.lit : theme.colours.lane;
    context.fillRect(0, top, cssWidth, shelf.cssHeight);
    context.fillStyle = isLit ? theme.colours.accent : theme.colours.stripe;
    if (isLit) context.fillRect(0, top, 3, shelf.cssHeight);
    else context.fillRect(0, top + shelf.cssHeight - 1, cssWidth, 1);
  }
}

/** Draw names and heads, over the bars that reach under them. */
export function paintNames(frame: Frame): void {
  const { context, theme, layout, strip } = frame;
  context.textBaseline = "middle";
  for (const shelf of layout.shelves) if (inView(shelf.cssY, shelf.cssHeight, frame)) paintName(frame, shelf);
  context.fillStyle = theme.colours["line-strong"];
  context.fillRect(strip.cssLeft - 1, 0, 1, frame.cssHeight);
  for (const head of layout.heads) if (inView(head.cssY, layout.headCssY, frame)) paintHead(frame, head);
}

function paintName(frame: Frame, { lane, cssY, cssHeight }: Shelf): void {
  const { context, theme, model, strip } = frame;
  const top = onCanvas(cssY, frame);
  const middle = top + Math.min(cssHeight, 20) / 2 + 0.5;
  const isLit = lane.key !== null && frame.lit.has(lane.key);
  context.fillStyle = isLit ? theme.colours.lit : theme.colours.lane;
  context.fillRect(isLit ? 3 : 0, top, strip.cssLeft - 4, cssHeight - 1);
  const thread = lane.serial === null ? undefined : model.source.thread(lane.group.process, lane.serial);
  paintSharing(frame, thread?.sharing ?? "exclusive", 12, middle - 7);
  context.font = theme.font;
  if (lane.serial === null) {
    context.fillStyle = theme.colours.muted;
    write(context, FOLDED[lane.protocol](lane.size), 31, middle, strip.cssLeft - 38);
    return;
  }
  const serial = lane.protocol === "http" ? `#${lane.serial}` : `#${lane.serial} · ${WORDS[lane.protocol]}`;
  const serialX = context.measureText(serial).width;
  context.fillStyle = theme.colours.text;
  writeName(context, lane.name, 31, middle, strip.cssLeft - 46 - serialX);
  context.fillStyle = theme.colours.muted;
  context.textAlign = "right";
  context.fillText(serial, strip.cssLeft - 8, middle);
  context.textAlign = "left";
}

function paintSharing({ context, theme }: Frame, sharing: Sharing, cssX: number, cssY: number): void {
  const { good, warn, muted } = theme.colours;
  context.fillStyle = sharing === "interleaved" ? warn : sharing === "sequential" ? good : muted;
  for (const [x, y, width, height] of SHARING_BARS[sharing]) context.fillRect(cssX + x, cssY + y, width, height);
}
