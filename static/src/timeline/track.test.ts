import { expect, test } from "vitest";

import type { Row } from "../state/records";
import { request } from "../testing";
import { Bars, LEAK } from "./bars";
import { type Columns, Track } from "./track";

const bars = new Bars();

function bar(startUs: number, endUs: number, marks = 0): number {
  const row: Row = { request: request(), startNs: 0, arrival: 0, order: 0, gone: false };
  const slot = bars.take(row);
  bars.startUs[slot] = startUs;
  bars.endUs[slot] = endUs;
  bars.marks[slot] = marks;
  return slot;
}

function columns(count: number): Columns {
  return { busy: new Float32Array(count), marks: new Uint8Array(count) };
}

/** Sum the same stretch up bar by bar. */
function counted(track: Track, count: number, fromUs: number, toUs: number): number[] {
  const perUs = count / (toUs - fromUs);
  return Array.from({ length: count }, (_, column) =>
    track.slots.reduce((sum, slot) => {
      const from = Math.max(column, ((bars.startUs[slot] as number) - fromUs) * perUs);
      const to = Math.min(column + 1, ((bars.endUs[slot] as number) - fromUs) * perUs);
      return sum + Math.max(0, to - from);
    }, 0),
  );
}

test("a bar fits where nothing else runs, and touching is not overlapping", () => {
  const track = new Track(bars);
  track.insert(bar(10, 20));
  track.insert(bar(30, 40));
  expect(track.fits(20, 30)).toBe(true);
  expect(track.fits(0, 10)).toBe(true);
  expect(track.fits(40, 99)).toBe(true);
  expect(track.fits(19, 21)).toBe(false);
  expect(track.fits(29, 31)).toBe(false);
  expect(track.fits(5, 50)).toBe(false);
});

test("nothing fits behind a request that still runs, until it ends", () => {
  const track = new Track(bars);
  const running = bar(10, Infinity);
  track.insert(running);
  expect(track.fits(1_000, 1_001)).toBe(false);
  bars.endUs[running] = 500;
  track.touch(running);
  expect(track.fits(1_000, 1_001)).toBe(true);
});

test("the bar at a time is found, and the nearest within reach of the pointer", () => {
  const track = new Track(bars);
  const early = bar(10, 20);
  const late = bar(50, 60);
  for (const slot of [late, early]) track.insert(slot);
  expect(track.at(15, 0)).toBe(early);
  expect(track.at(22, 3)).toBe(early);
  expect(track.at(48, 3)).toBe(late);
  expect(track.at(35, 3)).toBeUndefined();
});

test("columns summed up by the pyramid say what the bars themselves say, whatever came, ended and went", () => {
  const track = new Track(bars);
  const slots = Array.from({ length: 3_000 }, (_, place) => bar(place * 100, place * 100 + 25 + (place % 50)));
  for (const slot of slots) if (slot % 2) track.insert(slot);
  track.addTo(columns(4), 0, 300_000, Infinity);
  for (const slot of slots) if (slot % 2 === 0) track.insert(slot);
  for (const slot of slots.slice(1_000, 1_100)) track.remove(slot);
  for (const slot of slots.slice(0, 500)) (bars.rows[slot] as Row).gone = true;
  expect(track.trim()).toHaveLength(500);
  const got = columns(8);
  track.addTo(got, 0, 300_000, Infinity);
  const wanted = counted(track, 8, 0, 300_000);
  got.busy.forEach((busy, column) => expect(busy).toBeCloseTo(wanted[column] as number, 1));
  expect(got.busy[0]).toBe(0);
});

test("one leak among thousands stands in its column, however far away one looks", () => {
  const track = new Track(bars);
  for (let place = 0; place < 4_096; place++) track.insert(bar(place * 10, place * 10 + 5, place === 3_000 ? LEAK : 0));
  const got = columns(16);
  track.addTo(got, 0, 40_960, Infinity);
  expect([...got.marks].map((marks) => marks & LEAK).indexOf(LEAK)).toBe(Math.floor(3_000 / 256));
  expect([...got.marks].filter((marks) => marks & LEAK)).toHaveLength(1);
});
