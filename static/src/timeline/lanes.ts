/** Host → process → thread → rows: which lane a bar stands in, and on which of its rows. */

import type { Request } from "../protocol/records";
import { threadKey } from "../state/records";
import type { Bars } from "./bars";
import { Track } from "./track";

/** What a lane holds: requests, sockets and jobs of one thread each have their own. */
export type Protocol = Request["protocol"];

const PROTOCOLS: readonly Protocol[] = ["http", "websocket", "job"];

/** One thread; or, folded into one, all threads of a process that served a single request each. */
export class Lane {
  readonly tracks: Track[] = [];

  constructor(
    readonly group: Group,
    /** The thread's serial; null for the folded lane. */
    readonly serial: number | null,
    readonly name: string,
    readonly protocol: Protocol,
  ) {}

  /** Names the thread over all processes; null for the folded lane. */
  get key(): string | null {
    return this.serial === null ? null : threadKey(this.group.process, this.serial);
  }

  get isEmpty(): boolean {
    return this.tracks.length === 0;
  }

  /** How many bars stand in it. */
  get size(): number {
    return this.tracks.reduce((sum, track) => sum + track.slots.length, 0);
  }

  /** Put a bar on the first row that is free there. */
  insert(slot: number, bars: Bars): void {
    const startUs = bars.startUs[slot] as number;
    const endUs = bars.endUs[slot] as number;
    let place = this.tracks.findIndex((track) => track.fits(startUs, endUs));
    if (place < 0) place = this.tracks.push(new Track(bars)) - 1;
    this.tracks[place]?.insert(slot);
    bars.track[slot] = place;
  }

  /** Give up rows at the bottom that nothing stands on any more. */
  shrink(): void {
    while (this.tracks.at(-1)?.slots.length === 0) this.tracks.pop();
  }
}

/** The processes of one machine. */
export interface Host {
  name: string;
  groups: readonly Group[];
}

/** The lanes of one process. */
export class Group {
  private readonly folded: Record<Protocol, Lane>;
  private readonly byThread = new Map<string, Lane>();
  /** The one bar of each thread that is folded. */
  private readonly singles = new Map<string, number>();
  private ordered: Lane[] | null = null;

  constructor(
    readonly process: string,
    /** Its place among the processes, by first appearance. */
    readonly rank: number,
  ) {
    const folded = (protocol: Protocol): Lane => new Lane(this, null, "", protocol);
    this.folded = { http: folded("http"), websocket: folded("websocket"), job: folded("job") };
  }

  /** Its lanes, the main thread first and the folded one last. */
  get lanes(): readonly Lane[] {
    this.ordered ??= [...this.byThread.values(), ...Object.values(this.folded)].filter((lane) => !lane.isEmpty).sort(mainFirst);
    return this.ordered;
  }

  get isEmpty(): boolean {
    return this.byThread.size === 0 && Object.values(this.folded).every((lane) => lane.isEmpty);
  }

  /**
   * Return the lane for a thread's next bar.
   *
   * @param stands whether the thread has a lane of its own from its first request on.
   * @returns the lane, and the bar that moves there from the folded lane, as its thread is none of those any more.
   */
  laneFor(serial: number, name: string, protocol: Protocol, stands: boolean): { lane: Lane; unfolded?: number | undefined } {
    const key = keyOf(serial, protocol);
    const own = this.byThread.get(key);
    if (own) return { lane: own };
    const unfolded = this.singles.get(key);
    if (unfolded === undefined && !stands) return { lane: this.folded[protocol] };
    const lane = new Lane(this, serial, name, protocol);
    this.byThread.set(key, lane);
    this.singles.delete(key);
    return { lane, unfolded };
  }

  /** Return the lane in which a thread's bars stand. */
  laneOf(serial: number, protocol: Protocol): Lane {
    return this.byThread.get(keyOf(serial, protocol)) ?? this.folded[protocol];
  }

  /** Note that a thread's only bar stands in the folded lane. */
  fold(serial: number, protocol: Protocol, slot: number): void {
    this.singles.set(keyOf(serial, protocol), slot);
  }

  /** Note that a bar is gone. */
  unfold(serial: number, protocol: Protocol, slot: number): void {
    const key = keyOf(serial, protocol);
    if (this.singles.get(key) === slot) this.singles.delete(key);
  }

  /** Take note that bars came or went: lanes may have to be dropped or put in order. */
  settle(): void {
    this.ordered = null;
    for (const lane of Object.values(this.folded)) lane.shrink();
    for (const [key, lane] of this.byThread) {
      lane.shrink();
      if (lane.isEmpty) this.byThread.delete(key);
    }
  }
}

function keyOf(serial: number, protocol: Protocol): string {
  return `${serial}:${protocol}`;
}

function mainFirst(one: Lane, other: Lane): number {
  const [here, there] = [placeOf(one), placeOf(other)];
  return here === there ? PROTOCOLS.indexOf(one.protocol) - PROTOCOLS.indexOf(other.protocol) : here - there;
}

function placeOf(lane: Lane): number {
  if (lane.serial === null) return Infinity;
  return lane.name === "MainThread" ? -1 : lane.serial;
}
