/** Which stretch of time stands on the screen: the arithmetic between microseconds and CSS pixels. */

/** From 50 microseconds to two days: closer there is nothing to see, farther nobody looks. */
const SHORTEST_US = 50;
const LONGEST_US = 2 * 86_400e6;

export interface Span {
  fromUs: number;
  toUs: number;
}

/** Where the bars are drawn, in CSS pixels. */
export interface Strip {
  cssLeft: number;
  cssWidth: number;
}

export function cssXOf(timeUs: number, { fromUs, toUs }: Span, { cssLeft, cssWidth }: Strip): number {
  return cssLeft + ((timeUs - fromUs) / (toUs - fromUs)) * cssWidth;
}

export function timeUsAt(cssX: number, { fromUs, toUs }: Span, { cssLeft, cssWidth }: Strip): number {
  return fromUs + ((cssX - cssLeft) / cssWidth) * (toUs - fromUs);
}

export function moved({ fromUs, toUs }: Span, byUs: number): Span {
  return { fromUs: fromUs + byUs, toUs: toUs + byUs };
}

/** Make a span longer or shorter; the time at `anchorUs` stays where it is on the screen. */
export function zoomed({ fromUs, toUs }: Span, factor: number, anchorUs: number): Span {
  const lengthUs = Math.min(LONGEST_US, Math.max(SHORTEST_US, (toUs - fromUs) * factor));
  const share = (anchorUs - fromUs) / (toUs - fromUs);
  const start = anchorUs - share * lengthUs;
  return { fromUs: start, toUs: start + lengthUs };
}

/** Return the span between two times given in any order, no shorter than can be shown. */
export function spanBetween(oneUs: number, otherUs: number): Span {
  const fromUs = Math.min(oneUs, otherUs);
  return { fromUs, toUs: Math.max(oneUs, otherUs, fromUs + SHORTEST_US) };
}

/** Move a span so that a stretch shows; one that shows in part already is left where it is. */
export function shifted(span: Span, startUs: number, endUs: number): Span {
  const lengthUs = span.toUs - span.fromUs;
  const marginUs = lengthUs * 0.02;
  if (endUs > span.fromUs + marginUs && startUs < span.toUs - marginUs) return span;
  return moved(span, startUs - span.fromUs - lengthUs * (startUs < span.fromUs ? 0.2 : 0.6));
}
