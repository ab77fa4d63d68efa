/** What every painter needs to draw one frame. */

import type { Layout } from "./layout";
import type { Model } from "./model";
import type { Theme } from "./theme";
import { cssXOf, type Span, type Strip } from "./viewport";

export const AXIS_Y = 24;
export const OVERVIEW_Y = 40;
/** Below this width, in CSS pixels, names stand in a narrower column. */
const NARROW_X = 640;

export interface Frame {
  context: CanvasRenderingContext2D;
  theme: Theme;
  /** For stretches in which a thread had several requests in flight. */
  hatch: CanvasPattern;
  model: Model;
  layout: Layout;
  span: Span;
  strip: Strip;
  /** Until here a request that runs has got. */
  nowUs: number;
  cssWidth: number;
  cssHeight: number;
  /** How far the lanes are scrolled. */
  scrollCssY: number;
  devicePixelRatio: number;
  chosen: number | undefined;
  hovered: number | undefined;
  /** The threads whose lanes are lit, by `threadKey`. */
  lit: ReadonlySet<string | null>;
  focusVisible: boolean;
}

/** Return where bars are drawn: right of the names. */
export function stripOf(cssWidth: number): Strip {
  const cssLeft = cssWidth < NARROW_X ? 108 : 208;
  return { cssLeft, cssWidth: Math.max(40, cssWidth - cssLeft) };
}

/** Return a place in the lanes as a place on the canvas. */
export function onCanvas(cssY: number, { scrollCssY }: Pick<Frame, "scrollCssY">): number {
  return AXIS_Y + cssY - scrollCssY;
}

/** Return a place on a whole device pixel: edges between two would be blurred, and slow. */
export function snapped(css: number, { devicePixelRatio }: Pick<Frame, "devicePixelRatio">): number {
  return Math.round(css * devicePixelRatio) / devicePixelRatio;
}

/** Return a time's place, on a whole device pixel. */
export function snapX(timeUs: number, frame: Frame): number {
  return snapped(cssXOf(timeUs, frame.span, frame.strip), frame);
}

/** Return the width of the thinnest line that is sharp, in CSS pixels: about one. */
export function hairline({ devicePixelRatio }: Pick<Frame, "devicePixelRatio">): number {
  return Math.max(1, Math.round(devicePixelRatio)) / devicePixelRatio;
}

/** Tell whether a stretch of the lanes is on the screen. */
export function inView(cssY: number, cssHeight: number, frame: Frame): boolean {
  const top = onCanvas(cssY, frame);
  return top + cssHeight > AXIS_Y && top < frame.cssHeight - OVERVIEW_Y;
}
