/** The requests of the page as bars in lanes, kept up with every change of the records. */

import { type ColourBy, toneOf } from "../lib/colour";
import type { Finding, Level } from "../protocol/records";
import type { Change, RecordStore, Row } from "../state/records";
import { Bars, MARK_OF } from "./bars";
import { Group, type Host, type Lane } from "./lanes";
import type { Track } from "./track";

/** What the timeline reads of the records. */
export type Source = Pick<RecordStore, "rows" | "process" | "thread" | "findingsOf" | "jobsOf">;

export class Model {
  readonly bars = new Bars();
  /** Grows when lanes or rows came or went. */
  shape = 0;
  /** Grows with every change. */
  version = 0;
  private readonly slotById = new Map<string, number>();
  private readonly laneBySlot: (Lane | undefined)[] = [];
  private readonly groupById = new Map<string, Group>();
  private readonly running = new Set<number>();
  /** Processes of which nothing is known yet, not even on which host they run. */
  private readonly unknown = new Set<string>();
  private ranks = 0;
  private accepts: (row: Row) => boolean = () => true;
  /** Whether some of what the records hold may be left out. */
  isFiltered = false;
  private tonedBy: ColourBy = "user";
  private newest = -Infinity;

  /** @param originNs the Unix time from which microseconds are counted, near enough for them to be exact. */
  constructor(
    readonly source: Source,
    readonly originNs: number,
  ) {}

  /** How many bars there are. */
  get size(): number {
    return this.slotById.size;
  }

  /** Whether a request still runs. */
  get isRunning(): boolean {
    return this.running.size > 0;
  }

  /** What the bars' colours stand for. */
  get colourBy(): ColourBy {
    return this.tonedBy;
  }

  /** When the last bar begins or ends; minus infinity without bars. */
  get newestUs(): number {
    return this.newest;
  }

  /** When the first bar begins; infinity without bars. */
  get oldestUs(): number {
    let oldest = Infinity;
    for (const track of this.tracks())
      oldest = Math.min(oldest, this.bars.startUs[track.slots[0] as number] ?? Infinity);
    return oldest;
  }

  /** Go through all rows of all lanes. */
  *tracks(): Generator<Track> {
    for (const { lanes } of this.groupById.values()) for (const { tracks } of lanes) yield* tracks;
  }

  /** The hosts by name; on each the processes that have bars, those that still run before those that said goodbye. */
  get hosts(): Host[] {
    const startOf = ({ process, rank }: Group): number => this.source.process(process)?.started_ns ?? rank;
    // Workers of one master may begin within the clock's tick; by the pid they stand here as they do everywhere else.
    const pidOf = ({ process }: Group): number => this.source.process(process)?.pid ?? 0;
    const hasEnded = ({ process }: Group): number => Number((this.source.process(process)?.ended_ns ?? null) !== null);
    const byName = new Map<string, Group[]>();
    for (const group of this.groupById.values()) {
      if (group.isEmpty) continue;
      const name = this.source.process(group.process)?.host ?? "";
      const known = byName.get(name);
      if (known) known.push(group);
      else byName.set(name, [group]);
    }
    for (const groups of byName.values())
      groups.sort((a, b) => hasEnded(a) - hasEnded(b) || startOf(a) - startOf(b) || pidOf(a) - pidOf(b));
    const byHost = ([a]: [string, unknown], [b]: [string, unknown]): number => Number(a > b) - Number(a < b);
    return [...byName].sort(byHost).map(([name, groups]) => ({ name, groups }));
  }

  timeUs(timeNs: number): number {
    return (timeNs - this.originNs) / 1000;
  }

  timeNs(timeUs: number): number {
    return this.originNs + timeUs * 1000;
  }

  slotOf(id: string): number | undefined {
    return this.slotById.get(id);
  }

  /** Return the bars of the jobs that a request, or a job, has sent. */
  sentBy(id: string): number[] {
    return this.source.jobsOf(id).flatMap((row) => this.slotOf(row.request.id) ?? []);
  }

  rowAt(slot: number): Row {
    return this.bars.rows[slot] as Row;
  }

  laneOf(slot: number): Lane {
    return this.laneBySlot[slot] as Lane;
  }

  group(process: string): Group | undefined {
    return this.groupById.get(process);
  }

  /** Show only what is accepted, among what is there and what comes; null accepts everything. */
  setFilter(accepts: ((row: Row) => boolean) | null): void {
    this.isFiltered = accepts !== null;
    this.accepts = accepts ?? (() => true);
    this.rebuild();
  }

  setColourBy(by: ColourBy): void {
    this.tonedBy = by;
    for (const slot of this.slotById.values()) this.colour(slot);
    this.version += 1;
  }

  /** Begin again from all that the records hold. */
  rebuild(): void {
    this.bars.clear();
    this.slotById.clear();
    this.laneBySlot.length = 0;
    this.groupById.clear();
    this.running.clear();
    this.unknown.clear();
    this.newest = -Infinity;
    for (const row of this.source.rows) this.add(row);
    this.settle([...this.groupById.values()]);
    // Also when nothing is left: what stood there before must not be drawn again.
    this.shape += 1;
  }

  /** Take a change in, at a cost that depends on the change alone. */
  apply(change: Change): void {
    const touched = new Set<Group>();
    for (const process of this.unknown) if (this.source.process(process)) this.introduce(process, touched);
    for (const row of change.added) this.add(row, touched);
    for (const row of change.changed) this.update(row, touched);
    for (const finding of change.findings) this.mark(finding);
    this.settle(touched);
    if (change.dropped > 0) this.trim();
  }

  private add(row: Row, touched?: Set<Group>): void {
    if (row.gone || !this.accepts(row)) return;
    const { request } = row;
    const slot = this.bars.take(row);
    this.slotById.set(request.id, slot);
    this.bars.thread[slot] = request.thread_serial;
    this.time(slot);
    const group = this.groupFor(request.process);
    const lane = this.laneFor(slot, group, touched);
    const rows = lane.tracks.length;
    this.stand(slot, lane);
    this.colour(slot);
    for (const { level } of this.source.findingsOf(request.id)) this.addMark(slot, level);
    if (lane.tracks.length !== rows) touched?.add(group);
  }

  private groupFor(process: string): Group {
    let group = this.groupById.get(process);
    if (!group) {
      group = new Group(process, this.ranks++);
      this.groupById.set(process, group);
      if (!this.source.process(process)) this.unknown.add(process);
    }
    return group;
  }

  private introduce(process: string, touched: Set<Group>): void {
    this.unknown.delete(process);
    const group = this.groupById.get(process);
    if (group) touched.add(group);
  }

  private laneFor(slot: number, group: Group, touched?: Set<Group>): Lane {
    const { process, thread_serial: serial, thread_name: name, protocol } = this.rowAt(slot).request;
    const thread = this.source.thread(process, serial);
    const isShared = thread !== undefined && thread.sharing !== "exclusive";
    // Where each job is a process's only one, so is its main thread.
    const isLasting = name === "MainThread" && this.source.process(process)?.worker_class !== "fork";
    const { lane, unfolded } = group.laneFor(serial, name, protocol, isShared || isLasting);
    if (unfolded !== undefined) {
      this.trackOf(unfolded).remove(unfolded);
      this.stand(unfolded, lane);
      touched?.add(group); // the lane is new, though its row is already there for the bar that comes next
    }
    if (lane.serial === null) group.fold(serial, protocol, slot);
    return lane;
  }

  private stand(slot: number, lane: Lane): void {
    lane.insert(slot, this.bars);
    this.laneBySlot[slot] = lane;
  }

  private trackOf(slot: number): Track {
    return this.laneOf(slot).tracks[this.bars.track[slot] as number] as Track;
  }

  private update(row: Row, touched: Set<Group>): void {
    const slot = this.slotById.get(row.request.id);
    if (slot === undefined) {
      this.add(row, touched);
      return;
    }
    // A request that still ran may since have gone on to another thread, or have become one that is filtered out.
    if (!this.accepts(row) || this.bars.thread[slot] !== row.request.thread_serial) {
      touched.add(this.laneOf(slot).group);
      this.trackOf(slot).remove(slot);
      this.forget(slot);
      this.add(row, touched);
      return;
    }
    this.time(slot);
    this.colour(slot);
    this.trackOf(slot).touch(slot);
  }

  private forget(slot: number): void {
    const { request } = this.rowAt(slot);
    this.laneOf(slot).group.unfold(this.bars.thread[slot] as number, request.protocol, slot);
    this.slotById.delete(request.id);
    this.running.delete(slot);
    this.laneBySlot[slot] = undefined;
    this.bars.release(slot);
  }

  /** Let go of the bars whose requests the records let go of. */
  private trim(): void {
    for (const track of this.tracks()) for (const slot of track.trim()) this.forget(slot);
    this.settle([...this.groupById.values()]);
  }

  private mark(finding: Finding): void {
    const slot = this.slotById.get(finding.request);
    if (slot === undefined) return;
    this.addMark(slot, finding.level);
    this.trackOf(slot).touch(slot);
  }

  private addMark(slot: number, level: Level): void {
    this.bars.marks[slot] = (this.bars.marks[slot] as number) | MARK_OF[level];
  }

  private time(slot: number): void {
    const { request } = this.rowAt(slot);
    const startUs = this.timeUs(request.start_ns);
    const isOpen = request.outcome === "open";
    this.bars.startUs[slot] = startUs;
    // A bar without length would stand nowhere: rows and searches need an end behind the start.
    this.bars.endUs[slot] = isOpen ? Infinity : startUs + Math.max(1, request.duration_ns / 1000);
    if (isOpen) this.running.add(slot);
    else this.running.delete(slot);
    this.newest = Math.max(this.newest, isOpen ? startUs : (this.bars.endUs[slot] as number));
  }

  private colour(slot: number): void {
    const { request } = this.rowAt(slot);
    this.bars.tone[slot] = toneOf(request, this.tonedBy, this.groupById.get(request.process)?.rank ?? 0);
  }

  private settle(groups: Iterable<Group>): void {
    let reshaped = false;
    for (const group of groups) {
      group.settle();
      if (group.isEmpty) this.groupById.delete(group.process);
      reshaped = true;
    }
    if (reshaped) this.shape += 1;
    this.version += 1;
  }
}
