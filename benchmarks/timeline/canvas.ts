/** The canvas alone, with as many bars as one likes: what the benchmark drives in the browser. */

import type { Finding, Hop, Request } from "../../static/src/protocol/records";
import { RecordStore } from "../../static/src/state/records";
import { finding, request } from "../../static/src/testing";
import { Model } from "../../static/src/timeline/model";
import { Timeline } from "../../static/src/timeline/timeline";
import { moved, zoomed } from "../../static/src/timeline/viewport";

const PROCESSES = 4;
const THREADS = 8;
const PEOPLE = 20;
const LEAK_EVERY = 5_000;
/** One request in this many on the first thread overlaps those after it. */
const SLOW_EVERY = 20;
const GAP_US = 2_000;
const BATCH_MS = 100;
/** As much as the page shows at first. */
const FOLLOWED_US = 30e6;
const NO_HOPS: Hop[] = [];

let records: RecordStore;
let model: Model;
let timeline: Timeline;
let made = 0;
let lastUs = 0;
/** While the timeline follows, time goes on from here. */
let followsFromUs = NaN;
let followsFromMs = NaN;

/** Fill the timeline; returns how long that took, in milliseconds. */
function load(bars: number): number {
  records = new RecordStore(bars);
  model = new Model(records, 0);
  records.apply({ requests: next(bars, GAP_US) });
  records.apply({ findings: leaks(bars) });
  const canvas = document.querySelector("canvas") as HTMLCanvasElement;
  const probe = document.querySelector(".timeline-probe") as HTMLElement;
  const before = performance.now();
  model.rebuild();
  timeline = new Timeline(canvas, probe, model, {
    held: () => undefined,
    nowNs: () => nowUs() * 1_000,
    isCalm: () => false,
  });
  timeline.resize();
  timeline.showAll();
  return performance.now() - before;
}

function nowUs(): number {
  return Number.isNaN(followsFromUs) ? lastUs : followsFromUs + (performance.now() - followsFromMs) * 1_000;
}

function next(count: number, gapUs: number): Request[] {
  const requests = Array.from({ length: count }, (_, place) => madeUp(made + place, lastUs + (place + 1) * gapUs, gapUs));
  made += count;
  lastUs += count * gapUs;
  return requests;
}

function madeUp(place: number, startUs: number, gapUs: number): Request {
  const process = place % PROCESSES;
  const turn = Math.floor(place / PROCESSES);
  const thread = turn % THREADS;
  const person = String((place * 7) % PEOPLE);
  const isSlow = thread === 0 && Math.floor(turn / THREADS) % SLOW_EVERY === 0;
  return request({
    id: `r${place}`,
    process: `p${process}`,
    pid: 4_000 + process,
    thread_serial: thread + 1,
    thread_name: thread === 0 ? "MainThread" : `pool_${thread}`,
    path: "/orders/",
    start_ns: startUs * 1_000,
    duration_ns: gapUs * 1_000 * (isSlow ? 60 : 2.5 + ((place * 31) % 50) / 2),
    user: { state: "authenticated", id: person, label: `person ${person}` },
    hops: NO_HOPS,
  });
}

function leaks(bars: number): Finding[] {
  return Array.from({ length: Math.floor(bars / LEAK_EVERY) }, (_, place) =>
    finding({ id: `f${place}`, request: `r${place * LEAK_EVERY}` }),
  );
}

/** Show everything, or the middle of it with so many bars. */
function show(bars: number): void {
  const middle = lastUs / 2;
  const half = (bars * GAP_US) / 2;
  if (bars * GAP_US >= lastUs) timeline.showAll();
  else timeline.look({ fromUs: middle - half, toUs: middle + half });
}

/** Pan, or zoom out and in, with every frame for a while; returns the milliseconds between frames. */
function run(kind: "pan" | "zoom", forMs: number): Promise<number[]> {
  return frames(forMs, (elapsedMs) => {
    const { fromUs, toUs } = timeline.span;
    const phase = Math.sign(Math.sin(elapsedMs / 400));
    if (kind === "pan") timeline.look(moved(timeline.span, (toUs - fromUs) * 0.01 * phase));
    else timeline.look(zoomed(timeline.span, 1 + 0.04 * phase, (fromUs + toUs) / 2));
  });
}

/** Follow while requests arrive in ten batches a second, and as many go; returns the milliseconds between frames. */
function follow(rate: number, forMs: number): Promise<number[]> {
  timeline.look({ fromUs: lastUs - FOLLOWED_US, toUs: lastUs });
  timeline.setFollowing(true);
  let arrivedMs = 0;
  followsFromMs = performance.now();
  followsFromUs = lastUs;
  return frames(forMs, (elapsedMs) => {
    if (elapsedMs - arrivedMs < BATCH_MS) return;
    const count = Math.round(((elapsedMs - arrivedMs) * rate) / 1_000);
    arrivedMs = elapsedMs;
    model.apply(records.apply({ requests: next(count, 1e6 / rate) }));
    timeline.schedule();
  });
}

/** Do something before each frame for a while. */
function frames(forMs: number, act: (elapsedMs: number) => void): Promise<number[]> {
  const began = performance.now();
  const gaps: number[] = [];
  let last = began;
  return new Promise((resolve) => {
    function step(): void {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      if (now - began > forMs) {
        resolve(gaps.slice(1));
        return;
      }
      act(now - began);
      requestAnimationFrame(step);
    }
    requestAnimationFrame(step);
  });
}

Object.assign(globalThis, { timelineBenchmark: { load, show, run, follow } });
