/**
 * One row of bars that never overlap, and its level-of-detail pyramid.
 *
 * As bars do not overlap, their order by start is their order by end, too: every search is a binary one. The pyramid
 * sums up blocks of 4, 16, 64, ... neighbouring bars. It is put right when it is asked, from the first bar on that
 * changed: bars arrive at the end, where one block a level has to be counted again.
 */

import type { Bars } from "./bars";

const FACTOR = 4;

/** What stands in each column of a stretch of the screen. */
export interface Columns {
  /** How much of the column is busy; two rows that are busy throughout make 2. */
  busy: Float32Array;
  /** The marks of all bars that begin in it. */
  marks: Uint8Array;
}

interface LevelOfDetail {
  busyUs: number[];
  marks: number[];
}

export class Track {
  /** The bars of this row, in order. */
  readonly slots: number[] = [];
  private readonly pyramid: LevelOfDetail[] = [];
  /** The place of the first bar that the pyramid does not know as it is. */
  private changedFrom = Infinity;

  constructor(private readonly bars: Bars) {}

  /** Tell whether a stretch is free. */
  fits(startUs: number, endUs: number): boolean {
    const next = this.slots[this.firstEndingAfter(startUs)];
    return next === undefined || (this.bars.startUs[next] as number) >= endUs;
  }

  /** Put a bar in where it fits. */
  insert(slot: number): void {
    const place = this.firstEndingAfter(this.bars.startUs[slot] as number);
    if (place === this.slots.length) this.slots.push(slot);
    else this.slots.splice(place, 0, slot);
    this.changedFrom = Math.min(this.changedFrom, place);
  }

  remove(slot: number): void {
    const place = this.placeOf(slot);
    this.slots.splice(place, 1);
    this.changedFrom = Math.min(this.changedFrom, place);
  }

  /** Say that a bar's end or marks changed. */
  touch(slot: number): void {
    this.changedFrom = Math.min(this.changedFrom, this.placeOf(slot));
  }

  /** Take out the bars whose requests were let go, which are the first, and return them. */
  trim(): number[] {
    const kept = this.slots.findIndex((slot) => !this.bars.rows[slot]?.gone);
    const count = kept < 0 ? this.slots.length : kept;
    if (count > 0) this.changedFrom = 0;
    return this.slots.splice(0, count);
  }

  /** Return the place of the first bar that ends after a time. */
  firstEndingAfter(timeUs: number): number {
    const { slots } = this;
    const { endUs } = this.bars;
    let low = 0;
    let high = slots.length;
    // Nearly every bar that comes in is the last.
    if (high > 0 && (endUs[slots[high - 1] as number] as number) <= timeUs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((endUs[slots[middle] as number] as number) > timeUs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Return the place behind the last bar that starts before a time. */
  endStartingBefore(timeUs: number): number {
    const { slots } = this;
    const { startUs } = this.bars;
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((startUs[slots[middle] as number] as number) >= timeUs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Return the bar nearest to a time, if it is no farther from it than the tolerance. */
  at(timeUs: number, toleranceUs: number): number | undefined {
    const next = this.firstEndingAfter(timeUs);
    let nearest: number | undefined;
    let least = toleranceUs;
    for (const slot of [this.slots[next], this.slots[next - 1]]) {
      if (slot === undefined) continue;
      const beforeUs = (this.bars.startUs[slot] as number) - timeUs;
      const afterUs = timeUs - (this.bars.endUs[slot] as number);
      const farUs = Math.max(0, beforeUs, afterUs);
      if (farUs > least) continue;
      least = farUs;
      nearest = slot;
    }
    return nearest;
  }

  /** Add this row to the columns between two times; what still runs is busy until `nowUs`. */
  addTo(columns: Columns, fromUs: number, toUs: number, nowUs: number): void {
    const first = this.firstEndingAfter(fromUs);
    const end = this.endStartingBefore(toUs);
    if (first >= end) return;
    this.sumUp();
    const perUs = columns.busy.length / (toUs - fromUs);
    let level = -1;
    let size = 1;
    while (level + 1 < this.pyramid.length && end - first > size * FACTOR * columns.busy.length) {
      level += 1;
      size *= FACTOR;
    }
    const detail = this.pyramid[level];
    const { startUs, endUs, marks } = this.bars;
    for (let block = Math.floor(first / size); block * size < end; block++) {
      const firstSlot = this.slots[block * size] as number;
      const lastSlot = this.slots[Math.min(this.slots.length, (block + 1) * size) - 1] as number;
      const beginsUs = startUs[firstSlot] as number;
      const endsUs = Math.min(endUs[lastSlot] as number, nowUs);
      const share = detail ? Math.min(1, (detail.busyUs[block] as number) / Math.max(1, endsUs - beginsUs)) : 1;
      const mark = detail ? (detail.marks[block] as number) : (marks[firstSlot] as number);
      spread(columns, (beginsUs - fromUs) * perUs, (endsUs - fromUs) * perUs, share, mark);
    }
  }

  /** Return where a bar stands. */
  private placeOf(slot: number): number {
    let place = this.endStartingBefore(this.bars.startUs[slot] as number);
    while (this.slots[place] !== slot) place += 1;
    return place;
  }

  private sumUp(): void {
    let from = this.changedFrom;
    if (from === Infinity) return;
    let children = this.slots.length;
    let level = 0;
    for (; children > FACTOR; level++) {
      const blocks = Math.ceil(children / FACTOR);
      const detail = (this.pyramid[level] ??= { busyUs: [], marks: [] });
      detail.busyUs.length = detail.marks.length = blocks;
      from = Math.max(0, Math.floor((from - 1) / FACTOR));
      for (let block = from; block < blocks; block++) this.sumBlock(level, block, children);
      children = blocks;
    }
    this.pyramid.length = level;
    this.changedFrom = Infinity;
  }

  private sumBlock(level: number, block: number, children: number): void {
    const end = Math.min(children, (block + 1) * FACTOR);
    const below = this.pyramid[level - 1];
    let busyUs = 0;
    let marks = 0;
    for (let child = block * FACTOR; child < end; child++) {
      const slot = this.slots[child] as number;
      if (below) busyUs += below.busyUs[child] as number;
      else busyUs += finite((this.bars.endUs[slot] as number) - (this.bars.startUs[slot] as number));
      marks |= below ? (below.marks[child] as number) : (this.bars.marks[slot] as number);
    }
    const detail = this.pyramid[level] as LevelOfDetail;
    detail.busyUs[block] = busyUs;
    detail.marks[block] = marks;
  }
}

/** Count what still runs as nothing: only the last bar of a row can, and it is too young to matter in a block. */
function finite(lengthUs: number): number {
  return lengthUs === Infinity ? 0 : lengthUs;
}

/** Add a stretch that is busy by a share to the columns that it touches, its marks to the first; positions count in columns. */
function spread({ busy, marks }: Columns, from: number, to: number, share: number, mark: number): void {
  const first = Math.max(0, Math.floor(from));
  const last = Math.min(busy.length - 1, Math.floor(to));
  if (first > last) return;
  marks[first] = (marks[first] as number) | mark;
  for (let column = first; column <= last; column++) {
    const covered = Math.min(to, column + 1) - Math.max(from, column);
    busy[column] = (busy[column] as number) + share * covered;
  }
}
