/** Draws the time: the axis above the lanes, its lines through them, and the overview below. */

import { duration } from "../lib/format";
import { ticksBetween } from "../lib/ticks";
import { columnsOf, paintColumns } from "./density";
import { AXIS_Y, type Frame, OVERVIEW_Y, snapX } from "./frame";
import { write } from "./text";
import { cssXOf, type Span } from "./viewport";

/** The least room of a tick, in CSS pixels. */
const TICK_X = 96;

/** Draw a line through the lanes at each tick, under the bars. */
export function paintGrid(frame: Frame): void {
  const { context, theme, cssHeight } = frame;
  context.fillStyle = theme.colours.line;
  for (const { timeMs } of ticks(frame)) context.fillRect(tickX(frame, timeMs), AXIS_Y, 1, cssHeight - AXIS_Y - OVERVIEW_Y);
}

export function paintAxis(frame: Frame): void {
  const { context, theme, strip, span, cssWidth } = frame;
  context.fillStyle = theme.colours.ground;
  context.fillRect(0, 0, cssWidth, AXIS_Y);
  context.fillStyle = theme.colours["line-strong"];
  context.fillRect(0, AXIS_Y - 1, cssWidth, 1);
  context.font = theme.font;
  context.textBaseline = "middle";
  for (const { timeMs, label } of ticks(frame)) {
    const cssX = tickX(frame, timeMs);
    context.fillStyle = theme.colours["line-strong"];
    context.fillRect(cssX, AXIS_Y - 7, 1, 6);
    context.fillStyle = theme.colours.muted;
    if (cssX + 5 < cssWidth) context.fillText(label, cssX + 5, AXIS_Y / 2);
  }
  context.fillStyle = theme.colours.ground;
  context.fillRect(0, 0, strip.cssLeft - 1, AXIS_Y - 1);
  context.fillStyle = theme.colours.muted;
  const length = duration((span.toUs - span.fromUs) * 1000);
  write(context, strip.cssLeft > 120 ? `${clockAt(frame, span.fromUs)}  +  ${length}` : length, 12, AXIS_Y / 2, strip.cssLeft - 16);
}

/** Draw everything there is, how busy it is, and which part of it is on the screen. */
export function paintOverview(frame: Frame, whole: Span): void {
  const { context, theme, strip, model, cssWidth, cssHeight, span, nowUs } = frame;
  const top = cssHeight - OVERVIEW_Y;
  context.fillStyle = theme.colours.ground;
  context.fillRect(0, top, cssWidth, OVERVIEW_Y);
  const columns = columnsOf(model.tracks(), whole.fromUs, whole.toUs, strip.cssWidth, nowUs);
  const most = columns.busy.reduce((max, busy) => Math.max(max, busy), 0.001);
  paintColumns(frame, columns, { cssX: strip.cssLeft, cssY: top + 5, cssHeight: OVERVIEW_Y - 9 }, most);
  const fromX = Math.max(strip.cssLeft, cssXOf(span.fromUs, whole, strip));
  const toX = Math.min(cssWidth, Math.max(fromX + 3, cssXOf(span.toUs, whole, strip)));
  context.globalAlpha = 0.6;
  context.fillStyle = theme.colours.ground;
  context.fillRect(strip.cssLeft, top + 1, fromX - strip.cssLeft, OVERVIEW_Y - 1);
  context.fillRect(toX, top + 1, cssWidth - toX, OVERVIEW_Y - 1);
  context.globalAlpha = 1;
  context.strokeStyle = theme.colours.accent;
  context.lineWidth = 1.5;
  context.strokeRect(fromX + 0.75, top + 2, Math.max(2, toX - fromX - 1.5), OVERVIEW_Y - 3.5);
  context.fillStyle = theme.colours["line-strong"];
  context.fillRect(0, top, cssWidth, 1);
  context.font = theme.font;
  context.fillStyle = theme.colours.muted;
  context.textBaseline = "middle";
  write(context, "Overview", 12, top + 16, strip.cssLeft - 16);
  write(context, duration((whole.toUs - whole.fromUs) * 1000), 12, top + 30, strip.cssLeft - 16);
}

function ticks({ model, span, strip }: Frame): ReturnType<typeof ticksBetween> {
  const fromMs = model.timeNs(span.fromUs) / 1e6;
  const toMs = model.timeNs(span.toUs) / 1e6;
  const zoneMs = -new Date(fromMs).getTimezoneOffset() * 60e3;
  return ticksBetween(fromMs, toMs, Math.max(2, strip.cssWidth / TICK_X), zoneMs);
}

function tickX(frame: Frame, timeMs: number): number {
  return snapX(frame.model.timeUs(timeMs * 1e6), frame);
}

function clockAt({ model }: Frame, timeUs: number): string {
  return new Date(model.timeNs(timeUs) / 1e6).toLocaleTimeString("en-GB");
}
