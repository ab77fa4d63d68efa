/** The way of one request over threads, tasks and greenlets, as bars over time. */

import type { Hop, Reading, Request } from "../protocol/records";

export interface Lane {
  /** The first hop to this place. */
  hop: Hop;
  /** From when to when it is known to have been there, and nowhere else: to the next place seen first. In nanoseconds. */
  fromNs: number;
  untilNs: number;
}

export interface Waterfall {
  lanes: Lane[];
  /** The length of the whole, in nanoseconds; more than 0. */
  lengthNs: number;
  /** When the checkpoints were, each once, in the order of time. */
  checkpoints: { name: string; atNs: number }[];
}

/** Lay out a request that has run for `lengthNs`. */
export function waterfallOf(request: Request, lengthNs: number): Waterfall {
  const readings = request.readings ?? [];
  const last = Math.max(...request.hops.map((hop) => hop.at_ns), ...readings.map((reading) => reading.at_ns), 1);
  const wholeNs = Math.max(lengthNs, last);
  const lanes = request.hops.map((hop, place) => ({
    hop,
    fromNs: hop.at_ns,
    untilNs: request.hops[place + 1]?.at_ns ?? wholeNs,
  }));
  return { lanes, lengthNs: wholeNs, checkpoints: checkpointsOf(request.hops, readings) };
}

function checkpointsOf(hops: readonly Hop[], readings: readonly Reading[]): Waterfall["checkpoints"] {
  const firsts = new Map<string, number>();
  for (const { checkpoint, at_ns: atNs } of [...hops, ...readings]) {
    firsts.set(checkpoint, Math.min(atNs, firsts.get(checkpoint) ?? Infinity));
  }
  return [...firsts].map(([name, atNs]) => ({ name, atNs })).sort((a, b) => a.atNs - b.atNs);
}

/** What one holder named, by checkpoint: more than one thing where it changed in between. */
export interface Named {
  holder: string;
  at: Map<string, Reading[]>;
}

/** Gather readings by holder, in the order in which holders were read first. */
export function byHolder(readings: readonly Reading[]): Named[] {
  const holders = new Map<string, Named>();
  for (const reading of readings) {
    let named = holders.get(reading.holder);
    if (!named) holders.set(reading.holder, (named = { holder: reading.holder, at: new Map() }));
    named.at.set(reading.checkpoint, [...(named.at.get(reading.checkpoint) ?? []), reading]);
  }
  return [...holders.values()];
}
