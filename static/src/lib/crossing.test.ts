import { expect, test } from "vitest";

import { layOutCrossing } from "./crossing";

test("two requests that overlap stand true to scale, and the moment lies in both", () => {
  const { reader, seen, moment, gap } = layOutCrossing({ startNs: 20, endNs: 100 }, { startNs: 0, endNs: 60 }, 50);
  expect(reader.left).toBeCloseTo(0.2);
  expect(reader.width).toBeCloseTo(0.8);
  expect(seen).toEqual({ left: 0, width: 0.6 });
  expect(moment).toBe(0.5);
  expect(gap).toBeNull();
});

test("a long pause between the two is cut out and told", () => {
  const { reader, seen, gap } = layOutCrossing({ startNs: 10_000, endNs: 10_100 }, { startNs: 0, endNs: 100 }, 10_000);
  expect(seen).toEqual({ left: 0, width: 0.4 });
  expect(gap).toEqual({ left: 0.4, width: 0.2, lengthNs: 9_900 });
  expect(reader.left).toBeCloseTo(0.6);
  expect(reader.width).toBeCloseTo(0.4);
});

test("a bar too short to see is widened, and stays within the picture", () => {
  const { reader } = layOutCrossing({ startNs: 999, endNs: 1_000 }, { startNs: 0, endNs: 1_000 }, 1_000);
  expect(reader.width).toBe(0.015);
  expect(reader.left + reader.width).toBeLessThanOrEqual(1);
});

test("the reader alone fills the picture, also when it took no time", () => {
  expect(layOutCrossing({ startNs: 5, endNs: 105 }, null, 55)).toEqual({
    reader: { left: 0, width: 1 },
    seen: null,
    moment: 0.5,
    gap: null,
  });
  expect(layOutCrossing({ startNs: 5, endNs: 5 }, null, 5).reader.width).toBe(0.015);
});

test("beside a pause that is cut out, the shorter request keeps a good part of the picture", () => {
  const { reader, seen } = layOutCrossing({ startNs: 100_000, endNs: 100_001 }, { startNs: 0, endNs: 1_000 }, 100_000.5);
  expect(reader.width).toBeCloseTo(0.24);
  expect(seen?.width).toBeCloseTo(0.56);
});
