/** The bars as columns: one number a bar and fact, so that a million of them cost no objects to look through. */

import type { Level } from "../protocol/records";
import type { Row } from "../state/records";

/** Marks of a bar, one bit each; a greater one of the first three outweighs a lesser. */
export const NOTICE = 1;
export const HAZARD = 2;
export const LEAK = 4;

export const MARK_OF: Record<Level, number> = { notice: NOTICE, hazard: HAZARD, leak: LEAK };

export class Bars {
  /** Microseconds since the origin. */
  startUs = new Float64Array(1024);
  /** Microseconds since the origin; infinite while the request runs. */
  endUs = new Float64Array(1024);
  tone = new Uint8Array(1024);
  marks = new Uint8Array(1024);
  /** The serial of its thread, which its lane was chosen by. */
  thread = new Uint32Array(1024);
  /** Which row of its lane it stands on. */
  track = new Uint16Array(1024);
  readonly rows: (Row | undefined)[] = [];
  private readonly free: number[] = [];

  /** Return a slot for a row; it may have belonged to a row that is gone. */
  take(row: Row): number {
    const slot = this.free.pop() ?? this.rows.length;
    if (slot >= this.startUs.length) this.grow();
    this.rows[slot] = row;
    this.marks[slot] = 0;
    return slot;
  }

  release(slot: number): void {
    this.rows[slot] = undefined;
    this.free.push(slot);
  }

  clear(): void {
    this.rows.length = 0;
    this.free.length = 0;
  }

  private grow(): void {
    const size = this.startUs.length * 2;
    this.startUs = widened(this.startUs, new Float64Array(size));
    this.endUs = widened(this.endUs, new Float64Array(size));
    this.tone = widened(this.tone, new Uint8Array(size));
    this.marks = widened(this.marks, new Uint8Array(size));
    this.thread = widened(this.thread, new Uint32Array(size));
    this.track = widened(this.track, new Uint16Array(size));
  }
}

function widened<A extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(column: A, wider: A): A {
  wider.set(column);
  return wider;
}
