/** Host → process → thread → rows: which lane a bar stands in, and on which of its rows. */

import { threadKey } from "../state/records";
import type { Bars } from "./bars";
import { Track } from "./track";

/** One thread; or, folded into one, all threads of a process that served a single request each. */
export class Lane {
  readonly tracks: Track[] = [];

  constructor(
    readonly group: Group,
    /** The thread's serial; null for the folded lane. */
    readonly serial: number | null,
    readonly name: string,
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
  readonly folded: Lane;
  private readonly bySerial = new Map<number, Lane>();
  /** The one bar of each thread that is folded. */
  private readonly singles = new Map<number, number>();
  private ordered: Lane[] | null = null;

  constructor(
    readonly process: string,
    /** Its place among the processes, by first appearance. */
    readonly rank: number,
  ) {
    this.folded = new Lane(this, null, "");
  }

  /** Its lanes, the main thread first and the folded one last. */
  get lanes(): readonly Lane[] {
    this.ordered ??= [...this.bySerial.values(), this.folded].filter((lane) => !lane.isEmpty).sort(mainFirst);
    return this.ordered;
  }

  get isEmpty(): boolean {
    return this.bySerial.size === 0 && this.folded.isEmpty;
  }

  /**
   * Return the lane for a thread's next bar.
   *
   * @param isShared whether the thread is known to have served more than one request.
   * @returns the lane, and the bar that moves there from the folded lane, as its thread is none of those any more.
   */
  laneFor(serial: number, name: string, isShared: boolean): { lane: Lane; unfolded?: number | undefined } {
    const own = this.bySerial.get(serial);
    if (own) return { lane: own };
    const unfolded = this.singles.get(serial);
    if (unfolded === undefined && !isShared && name !== "MainThread") return { lane: this.folded };
    const lane = new Lane(this, serial, name);
    this.bySerial.set(serial, lane);
    this.singles.delete(serial);
    return { lane, unfolded };
  }

  /** Return the lane in which a thread's bars stand. */
  laneOf(serial: number): Lane {
    return this.bySerial.get(serial) ?? this.folded;
  }

  /** Note that a thread's only bar stands in the folded lane. */
  fold(serial: number, slot: number): void {
    this.singles.set(serial, slot);
  }

  /** Note that a bar is gone. */
  unfold(serial: number, slot: number): void {
    if (this.singles.get(serial) === slot) this.singles.delete(serial);
  }

  /** Take note that bars came or went: lanes may have to be dropped or put in order. */
  settle(): void {
    this.ordered = null;
    this.folded.shrink();
    for (const [serial, lane] of this.bySerial) {
      lane.shrink();
      if (lane.isEmpty) this.bySerial.delete(serial);
    }
  }
}

function mainFirst(one: Lane, other: Lane): number {
  return placeOf(one) - placeOf(other);
}

function placeOf(lane: Lane): number {
  if (lane.serial === null) return Infinity;
  return lane.name === "MainThread" ? -1 : lane.serial;
}
