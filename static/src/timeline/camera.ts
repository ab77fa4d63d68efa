/** Where the timeline looks: a span of time that a person moves, or that moves along with time. */

import { moved, type Span, spanBetween } from "./viewport";

export const FIRST_SPAN_US = 30e6;
/** How much of the way to where it ought to be the edge goes in a frame; clocks of messages tremble. */
const EASE = 0.08;
/** Farther off than this, in microseconds, the edge jumps. */
const JUMP_US = 1.5e6;
/** With reduced motion it goes on by steps of this share of the span. */
const STEP = 1 / 8;

export class Camera {
  following = true;
  /** What the right edge is ahead of the browser's own clock. */
  private aheadUs = NaN;

  constructor(public span: Span = { fromUs: -FIRST_SPAN_US, toUs: 0 }) {}

  /** Look at a span and stay there. */
  hold(span: Span): void {
    this.following = false;
    this.span = span;
  }

  /** Follow again, with the span as long as it is. */
  follow(): void {
    this.following = true;
    this.aheadUs = NaN;
  }

  /**
   * Move along with time.
   *
   * @param targetUs where the right edge ought to be.
   * @param clockUs the browser's steady clock.
   * @param isCalm whether to go in steps instead of gliding.
   */
  advance(targetUs: number, clockUs: number, isCalm: boolean): void {
    if (!this.following || !Number.isFinite(targetUs)) return;
    const lengthUs = this.span.toUs - this.span.fromUs;
    if (isCalm) {
      const behindUs = targetUs - this.span.toUs;
      if (behindUs < 0 && behindUs > -lengthUs * STEP) return;
      this.span = moved(this.span, behindUs + lengthUs * STEP);
      return;
    }
    const wantedUs = targetUs - clockUs;
    const offUs = wantedUs - this.aheadUs;
    this.aheadUs = Math.abs(offUs) < JUMP_US ? this.aheadUs + offUs * EASE : wantedUs;
    this.span = moved(this.span, clockUs + this.aheadUs - this.span.toUs);
  }
}

/** Return all there is between two times, with a little room on both sides. */
export function wholeSpan(oldestUs: number, newestUs: number): Span {
  if (!Number.isFinite(oldestUs)) return { fromUs: newestUs - FIRST_SPAN_US, toUs: newestUs };
  const roomUs = Math.max(1_000, (newestUs - oldestUs) * 0.02);
  return spanBetween(oldestUs - roomUs, newestUs + roomUs);
}
