/** Draws what stands behind and beside the bars: the ground of each lane, names, heads of processes. */

import { deploymentOf } from "../lib/answer";
import { plural } from "../lib/format";
import type { Sharing } from "../protocol";
import { columnsOf, paintColumns } from "./density";
import { type Frame, inView, onCanvas } from "./frame";
import type { Group } from "./lanes";
import type { Head, Shelf } from "./layout";
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
    const { size } = lane;
    write(context, `${plural(size, "thread")}, 1 request${size > 1 ? " each" : ""}`, 31, middle, strip.cssLeft - 38);
    return;
  }
  const serial = `#${lane.serial}`;
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

function paintHead(frame: Frame, { group, cssY, isCollapsed }: Head): void {
  const { context, theme, model, strip, cssWidth } = frame;
  const { headCssY } = frame.layout;
  const top = onCanvas(cssY, frame);
  const middle = top + headCssY / 2 + 0.5;
  context.fillStyle = theme.colours.head;
  context.fillRect(0, top, cssWidth, headCssY);
  const process = model.source.process(group.process);
  paintTriangle(context, theme.colours.muted, 10, middle, isCollapsed);
  if (isCollapsed) paintTogether(frame, group, top);
  // The first column may begin under the names.
  context.fillStyle = theme.colours.head;
  context.fillRect(20, top, strip.cssLeft - 21, headCssY);
  const room = isCollapsed ? strip.cssLeft - 30 : cssWidth - 40;
  context.font = theme.strongFont;
  context.fillStyle = theme.colours.text;
  const name = process ? deploymentOf(process) : "process";
  write(context, name, 24, middle, room);
  const afterX = 24 + context.measureText(name).width + 8;
  context.font = theme.font;
  context.fillStyle = theme.colours.muted;
  write(context, aboutProcess(frame, group), afterX, middle, room + 24 - afterX);
}

function aboutProcess({ model, strip }: Frame, { process: id }: Group): string {
  const process = model.source.process(id);
  if (!process) return id;
  const words = [`pid ${process.pid}`];
  if (strip.cssLeft > 120) words.push(process.host);
  if (process.ended_ns !== null) words.push("ended");
  return words.join("  ·  ");
}

/** Draw all rows of a collapsed process as one. */
function paintTogether(frame: Frame, group: Group, top: number): void {
  const { span, strip, nowUs } = frame;
  const tracks = group.lanes.flatMap((lane) => lane.tracks);
  const columns = columnsOf(tracks, span, strip, nowUs);
  const band = { cssY: top + 3, cssHeight: frame.layout.headCssY - 6 };
  paintColumns(frame, columns, band, Math.max(1, ...columns.busy));
}

function paintTriangle(
  context: CanvasRenderingContext2D,
  colour: string,
  cssX: number,
  cssY: number,
  isCollapsed: boolean,
): void {
  context.fillStyle = colour;
  context.beginPath();
  if (isCollapsed) {
    context.moveTo(cssX + 2, cssY - 4);
    context.lineTo(cssX + 7, cssY);
    context.lineTo(cssX + 2, cssY + 4);
  } else {
    context.moveTo(cssX, cssY - 2.5);
    context.lineTo(cssX + 8, cssY - 2.5);
    context.lineTo(cssX + 4, cssY + 2.5);
  }
  context.fill();
}
