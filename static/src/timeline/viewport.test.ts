import { expect, test } from "vitest";

import { Camera, wholeSpan } from "./camera";
import { cssXOf, shifted, spanBetween, timeUsAt, zoomed } from "./viewport";

const SPAN = { fromUs: 1_000, toUs: 3_000 };
const STRIP = { cssLeft: 200, cssWidth: 1_000 };

test("a place on the screen and its time lead back to each other", () => {
  expect(cssXOf(2_000, SPAN, STRIP)).toBe(700);
  expect(timeUsAt(700, SPAN, STRIP)).toBe(2_000);
});

test("zooming leaves the time under the pointer where it is, and ends where there is nothing more to see", () => {
  const atUs = 1_500;
  const closer = zoomed(SPAN, 0.5, atUs);
  expect(closer.toUs - closer.fromUs).toBe(1_000);
  expect(cssXOf(atUs, closer, STRIP)).toBeCloseTo(cssXOf(atUs, SPAN, STRIP));
  const closest = zoomed(SPAN, 1e-9, atUs);
  expect(closest.toUs - closest.fromUs).toBeCloseTo(50);
});

test("a span dragged from right to left is one from left to right, and a click is not none", () => {
  expect(spanBetween(900, 100)).toEqual({ fromUs: 100, toUs: 900 });
  expect(spanBetween(500, 500).toUs).toBeGreaterThan(500);
});

test("what shows in part is left where it is, what does not is brought in", () => {
  expect(shifted(SPAN, 2_500, 9_000)).toBe(SPAN);
  const later = shifted(SPAN, 8_000, 8_100);
  expect(later.fromUs).toBeLessThan(8_000);
  expect(later.toUs).toBeGreaterThan(8_100);
});

test("a following camera glides with its target, jumps when far off, and stands still once held", () => {
  const camera = new Camera({ fromUs: 0, toUs: 10e6 });
  camera.advance(100e6, 0, false);
  expect(camera.span).toEqual({ fromUs: 90e6, toUs: 100e6 });
  camera.advance(100e6 + 16_000, 16_000, false);
  expect(camera.span.toUs).toBeCloseTo(100e6 + 16_000, 0);
  camera.hold(camera.span);
  camera.advance(200e6, 32_000, false);
  expect(camera.span.toUs).toBeCloseTo(100e6 + 16_000, 0);
  camera.follow();
  camera.advance(200e6, 48_000, false);
  expect(camera.span.toUs).toBe(200e6);
});

test("with reduced motion the picture moves in steps", () => {
  const camera = new Camera({ fromUs: 0, toUs: 8e6 });
  camera.advance(8.1e6, 0, true);
  const stepped = camera.span;
  expect(stepped.toUs).toBeCloseTo(9.1e6);
  camera.advance(9e6, 16_000, true);
  expect(camera.span).toBe(stepped);
});

test("everything has a beginning and an end, also when there is nothing", () => {
  expect(wholeSpan(Infinity, 5e6).toUs).toBe(5e6);
  const whole = wholeSpan(100, 200);
  expect(whole.fromUs).toBeLessThan(100);
  expect(whole.toUs).toBeGreaterThan(200);
});
