/** The rows of the table: those that pass the filter, in the order asked for, live or as they stood at the pause. */

import { NEWEST_FIRST, orderIn, type Sort } from "../lib/columns";
import { type Filter, matches, parseFilter } from "../lib/filter";
import { type Order, Sorted } from "../lib/sorted";
import type { Finding } from "../protocol/records";
import type { Change, RecordStore, Row } from "./records";

const byOrder = (row: Row): Order => row.order;

export class Listing {
  private filter: Filter = parseFilter("");
  private sort: Sort = NEWEST_FIRST;
  private passing = new Sorted<Row>(byOrder);
  private held: { rows: readonly Row[]; arrival: number } | null = null;
  private waitingRows = 0;

  constructor(private readonly records: RecordStore) {}

  /** How many rows the table shows. */
  get length(): number {
    return this.shown.length;
  }

  /** Return the row at a place, counted from the top. */
  at(place: number): Row | undefined {
    return this.shown[this.sort.down ? this.shown.length - 1 - place : place];
  }

  /** Return the place of a row, counted from the top, or -1. */
  placeOf(row: Row): number {
    const index = this.held ? this.held.rows.indexOf(row) : this.passing.indexOf(row);
    return index >= 0 && this.sort.down ? this.shown.length - 1 - index : index;
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
    if (!this.held) this.hold(arrival);
  }

  /** Hold, on a page that is paused, all that there is by now. */
  holdAll(): void {
    if (this.held) this.hold(this.records.lastArrival);
  }

  /** Let arriving rows in again. */
  follow(): void {
    this.held = null;
    this.waitingRows = 0;
  }

  /** Put another filter in force, over all rows once. */
  setFilter(filter: Filter): void {
    this.filter = filter;
    this.refill();
  }

  /** Sort all rows anew. */
  setSort(sort: Sort): void {
    const isSameColumn = sort.by === this.sort.by;
    this.sort = sort;
    if (!isSameColumn) this.refill();
  }

  /** Start again from what the records hold now, such as after they were replaced as a whole. */
  restart(): void {
    if (this.held) this.held.arrival = this.records.lastArrival;
    this.refill();
  }

  /** Take a change of the records in, at a cost that depends on the change alone, unless it brings history. */
  apply(change: Change): void {
    for (const row of change.added) if (this.passes(row)) this.add(row);
    for (const row of change.changed) this.move(row);
    if (change.dropped > 0) {
      this.passing.keep((row) => !row.gone);
      this.waitingRows = this.passing.items.filter((row) => this.isWaiting(row)).length;
    }
    // What is from before the pause belongs to what is held.
    if (this.held && change.added.some((row) => row.arrival === 0)) this.hold(this.held.arrival);
  }

  private get shown(): readonly Row[] {
    return this.held?.rows ?? this.passing.items;
  }

  private findingsOf = (id: string): readonly Finding[] => this.records.findingsOf(id);

  private passes(row: Row): boolean {
    return !row.gone && matches(this.filter, row.request, this.findingsOf);
  }

  private orderOf(row: Row): Order {
    return orderIn(this.sort.by, row.request, this.findingsOf);
  }

  private add(row: Row): void {
    row.order = this.orderOf(row);
    this.passing.insert(row);
    if (this.isWaiting(row)) this.waitingRows += 1;
  }

  /** Put a row where it belongs now: somewhere else, out of the list or into it. */
  private move(row: Row): void {
    const [was, is] = [this.passing.indexOf(row) >= 0, this.passes(row)];
    if (was && is && row.order === this.orderOf(row)) return;
    if (was) {
      this.passing.remove(row);
      if (this.isWaiting(row)) this.waitingRows -= 1;
    }
    if (is) this.add(row);
  }

  private isWaiting(row: Row): boolean {
    return this.held !== null && row.arrival > this.held.arrival;
  }

  private refill(): void {
    const rows = this.records.rows.filter((row) => this.passes(row));
    for (const row of rows) row.order = this.orderOf(row);
    this.passing = new Sorted(byOrder, rows);
    if (this.held) this.hold(this.held.arrival);
  }

  private hold(arrival: number): void {
    const rows = this.passing.items.filter((row) => row.arrival <= arrival);
    this.held = { rows, arrival };
    this.waitingRows = this.passing.items.length - rows.length;
  }
}
