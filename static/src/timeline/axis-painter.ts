/** Draws the time: the axis above the lanes and its lines through them. */

import { clock, duration } from "../lib/format";
import { ticksBetween } from "../lib/ticks";
import { AXIS_Y, type Frame, OVERVIEW_Y, snapX } from "./frame";
import { write } from "./text";

/** The least room of a tick, in CSS pixels. */
const TICK_X = 96;

/** Draw a line through the lanes at each tick, under the bars. */
export function paintGrid(frame: Frame): void {
  const { context, theme, cssHeight } = frame;
  context.fillStyle = theme.colours.line;
  for (const { timeMs } of ticks(frame))
    context.fillRect(tickX(frame, timeMs), AXIS_Y, 1, cssHeight - AXIS_Y - OVERVIEW_Y);
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
    if (cssX + 5 + context.measureText(label).width < cssWidth) context.fillText(label, cssX + 5, AXIS_Y / 2);
  }
  context.fillStyle = theme.colours.ground;
  context.fillRect(0, 0, strip.cssLeft - 1, AXIS_Y - 1);
  context.fillStyle = theme.colours.muted;
  const length = duration((span.toUs - span.fromUs) * 1000).replace(/[.,]00 s/, " s");
  write(
    context,
    strip.cssLeft > 120 ? `${clockAt(frame, span.fromUs)}  ·  ${length}` : length,
    12,
    AXIS_Y / 2,
    strip.cssLeft - 16,
  );
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
  return clock(model.timeNs(timeUs));
}
