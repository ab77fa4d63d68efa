/** The rows of the table: those that pass the filter, live or as they stood when the person paused. */

import { type Filter, matches, parseFilter } from "../lib/filter";
import { Sorted } from "../lib/sorted";
import type { Change, RecordStore, Row } from "./records";

const byStart = (row: Row): number => row.startNs;

export class Listing {
  private filter: Filter = parseFilter("");
  private passing = new Sorted<Row>(byStart);
  private frozen: { rows: Sorted<Row>; arrival: number } | null = null;
  private waitingRows = 0;

  constructor(private readonly records: RecordStore) {}

  /** What the table shows, oldest first. */
  get rows(): readonly Row[] {
    return this.shown.items;
  }

  /** Return where a row stands in `rows`, or -1. */
  indexOf(row: Row): number {
    return this.shown.indexOf(row);
  }

  /** How many rows that pass have arrived since the pause. */
  get waiting(): number {
    return this.waitingRows;
  }

  /**
   * Hold the table as it stood when a row arrived; rows in it still show the newest state of their request.
   *
   * @param arrival the `arrival` of the last row that people saw: what came since would push that row away from under
   *   the pointer that is just coming down on it.
   */
  pause(arrival: number): void {
    if (!this.frozen) this.freeze(arrival);
  }

  /** Let arriving rows in again. */
  follow(): void {
    this.frozen = null;
    this.waitingRows = 0;
  }

  /** Put another filter in force, over all rows once. */
  setFilter(filter: Filter): void {
    this.filter = filter;
    this.refill();
  }

  /** Start again from what the records hold now, such as after they were replaced as a whole. */
  restart(): void {
    if (this.frozen) this.frozen.arrival = this.records.lastArrival;
    this.refill();
  }

  /** Take a change of the records in, at a cost that depends on the change alone. */
  apply(change: Change): void {
    for (const row of change.added) this.add(row);
    for (const row of change.changed) {
      if (this.filter.terms.length === 0) continue;
      const was = this.passing.indexOf(row) >= 0;
      const is = matches(this.filter, row.request);
      if (was && !is) this.passing.remove(row);
      else if (is && !was) this.add(row);
    }
    if (change.dropped > 0) {
      const kept = this.passing.items.findIndex((row) => !row.gone);
      this.passing.shift(kept < 0 ? this.passing.items.length : kept);
    }
  }

  private get shown(): Sorted<Row> {
    return this.frozen?.rows ?? this.passing;
  }

  private add(row: Row): void {
    if (row.gone || !matches(this.filter, row.request)) return;
    this.passing.insert(row);
    if (this.frozen && row.arrival > this.frozen.arrival) this.waitingRows += 1;
  }

  private refill(): void {
    const { filter } = this;
    this.passing = new Sorted(byStart, this.records.rows.filter((row) => matches(filter, row.request)));
    if (this.frozen) this.freeze(this.frozen.arrival);
  }

  private freeze(arrival: number): void {
    const rows = this.passing.items.filter((row) => row.arrival <= arrival);
    this.frozen = { rows: new Sorted(byStart, rows), arrival };
    this.waitingRows = this.passing.items.length - rows.length;
  }
}
