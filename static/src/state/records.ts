/** All records that this page holds: requests in order of their start, up to a limit, and what belongs to them. */

import { Recent } from "../lib/recent";
import { type Order, Sorted } from "../lib/sorted";
import type { Finding, Process, Records, Request, Thread } from "../protocol/records";

export const RETAIN = 100_000;
export const RETAIN_THREADS = 5_000;
const RETAIN_PROCESSES = 500;
/** So many requests that reqtrace sent itself are kept for somebody who asks for them. */
const RETAIN_ASIDE = 20_000;

/** A request's place in the page; a later state of the request replaces `request` and leaves the place. */
export interface Row {
  request: Request;
  readonly startNs: number;
  /** Grows with every new request: what arrived after a moment has a greater one. 0 for what was fetched from before. */
  readonly arrival: number;
  /** What the table sorts it by, as of when it was put there. */
  order: Order;
  /** True once the request was let go, to keep to the limit. */
  gone: boolean;
}

export interface Change {
  added: Row[];
  /** Rows whose request, or whose findings, are not what they were. */
  changed: Row[];
  /** How many of the oldest rows went. */
  dropped: number;
  /** Findings that were not known before. */
  findings: Finding[];
}

/** The threads of one process. */
export interface ProcessThreads {
  process: Process;
  threads: Thread[];
}

/** Name a thread over all processes. */
export function threadKey(process: string, serial: number): string {
  return `${process}-${serial}`;
}

export class RecordStore {
  private readonly sorted = new Sorted<Row>((row) => row.startNs);
  private readonly byId = new Map<string, Row>();
  private readonly findingsByRequest: Recent<string, Finding[]>;
  /** By the id of the request or job that sent them, which need not be here. */
  private readonly jobsBySender = new Map<string, Row[]>();
  private readonly processById = new Recent<string, Process>(RETAIN_PROCESSES);
  /** Threads of one request each, which there can be as many of as requests: they must not crowd out the others. */
  private readonly exclusiveByKey = new Recent<string, Thread>(RETAIN_THREADS);
  private readonly sharedByKey = new Recent<string, Thread>(RETAIN_THREADS);
  /** What `stress` and `prove` sent, while nobody asks for it. */
  private readonly requestsAside = new Recent<string, Request>(RETAIN_ASIDE);
  private readonly findingsAside = new Recent<string, Finding>(RETAIN_ASIDE);
  private takesSynthetic = false;
  private arrivals = 0;
  private findingChanges = 0;

  constructor(private readonly retain = RETAIN) {
    // A finding may arrive before its request, or without it; this keeps such ones from piling up.
    this.findingsByRequest = new Recent(retain);
  }

  /** Requests, oldest first. */
  get rows(): readonly Row[] {
    return this.sorted.items;
  }

  /** The `arrival` of the newest row. */
  get lastArrival(): number {
    return this.arrivals;
  }

  row(id: string): Row | undefined {
    return this.byId.get(id);
  }

  /** Return a request, also one that is not shown. */
  request(id: string): Request | undefined {
    return this.byId.get(id)?.request ?? this.requestsAside.get(id);
  }

  /** How many requests are here, and not shown, since reqtrace sent them itself. */
  get aside(): number {
    return this.requestsAside.size;
  }

  process(id: string): Process | undefined {
    return this.processById.get(id);
  }

  thread(process: string, serial: number): Thread | undefined {
    const key = threadKey(process, serial);
    return this.sharedByKey.get(key) ?? this.exclusiveByKey.get(key);
  }

  findingsOf(request: string): readonly Finding[] {
    return this.findingsByRequest.get(request) ?? [];
  }

  /** Return the jobs that a request, or a job, has sent. */
  jobsOf(sender: string): readonly Row[] {
    return this.jobsBySender.get(sender) ?? [];
  }

  /** Grows when a finding came or went, or when the request of one became known. */
  get findingsVersion(): number {
    return this.findingChanges;
  }

  /** Return all findings, those of one request together. */
  findings(): Finding[] {
    return [...this.findingsByRequest.values()].flat();
  }

  processes(): Process[] {
    return [...this.processById.values()].sort((a, b) => a.started_ns - b.started_ns || a.pid - b.pid);
  }

  /** Return every process that is known with its threads, in an order that does not jump. */
  threadsByProcess(): ProcessThreads[] {
    const groups = new Map<string, ProcessThreads>(
      this.processes().map((process) => [process.id, { process, threads: [] }]),
    );
    for (const held of [this.sharedByKey, this.exclusiveByKey])
      for (const thread of held.values()) groups.get(thread.process)?.threads.push(thread);
    for (const { threads } of groups.values()) threads.sort((a, b) => a.serial - b.serial);
    return [...groups.values()];
  }

  /**
   * Take records in. What is older than what is known, as a page fetched to catch up can be, changes nothing.
   *
   * @param isHistory whether the requests are from before those that the page began with, and so no arrivals.
   */
  apply(records: Partial<Records>, isHistory = false): Change {
    const change: Change = { added: [], changed: [], dropped: 0, findings: [] };
    for (const process of records.processes ?? []) {
      const known = this.processById.get(process.id);
      if (!known || known.seen_ns <= process.seen_ns) this.processById.set(process.id, process);
    }
    for (const thread of records.threads ?? []) {
      const known = this.thread(thread.process, thread.serial);
      if (!known || known.seen_ns <= thread.seen_ns) this.putThread(thread);
    }
    for (const request of records.requests ?? []) {
      if (request.synthetic && !this.takesSynthetic) this.requestsAside.set(request.id, request);
      else this.put(request, change, isHistory);
    }
    for (const finding of records.findings ?? []) {
      if (finding.synthetic && !this.takesSynthetic) this.findingsAside.set(finding.id, finding);
      else this.addFinding(finding, change);
    }
    change.dropped = this.trim();
    return change;
  }

  /** Show what reqtrace sent itself among all else, or put it aside; tell whether that changed anything. */
  showSynthetic(show: boolean): boolean {
    if (show === this.takesSynthetic) return false;
    this.takesSynthetic = show;
    const requests = [...this.rows.map((row) => row.request), ...this.requestsAside.values()];
    const findings = [...this.findings(), ...this.findingsAside.values()];
    this.clearRequests();
    this.apply({ requests, findings }, true);
    return true;
  }

  /** Forget everything. */
  clear(): void {
    this.clearRequests();
    this.processById.clear();
    this.exclusiveByKey.clear();
    this.sharedByKey.clear();
  }

  private clearRequests(): void {
    for (const row of this.sorted.shift(this.sorted.items.length)) row.gone = true;
    this.byId.clear();
    this.jobsBySender.clear();
    this.findingsByRequest.clear();
    this.requestsAside.clear();
    this.findingsAside.clear();
    this.findingChanges += 1;
  }

  private putThread(thread: Thread): void {
    const key = threadKey(thread.process, thread.serial);
    this.exclusiveByKey.delete(key);
    this.sharedByKey.delete(key);
    (thread.sharing === "exclusive" ? this.exclusiveByKey : this.sharedByKey).set(key, thread);
  }

  private put(request: Request, change: Change, isHistory: boolean): void {
    const known = this.byId.get(request.id);
    if (!known) {
      const { start_ns: startNs } = request;
      const row: Row = { request, startNs, arrival: isHistory ? 0 : ++this.arrivals, order: startNs, gone: false };
      this.byId.set(request.id, row);
      this.sorted.insert(row);
      change.added.push(row);
      if (request.parent !== null) this.jobsBySender.set(request.parent, [...this.jobsOf(request.parent), row]);
      if (this.findingsByRequest.get(request.id)) this.findingChanges += 1;
    } else if (request.outcome !== "open" || known.request.outcome === "open") {
      known.request = request;
      change.changed.push(known);
    }
  }

  private addFinding(finding: Finding, change: Change): void {
    const known = this.findingsByRequest.get(finding.request) ?? [];
    const place = known.findIndex((other) => other.id === finding.id);
    if (place >= 0) known[place] = finding;
    else {
      known.push(finding);
      change.findings.push(finding);
      const row = this.byId.get(finding.request);
      if (row) change.changed.push(row);
    }
    this.findingsByRequest.set(finding.request, known);
    this.findingChanges += 1;
  }

  private forgetJob(row: Row): void {
    const { parent } = row.request;
    if (parent === null) return;
    const left = this.jobsOf(parent).filter((job) => job !== row);
    if (left.length > 0) this.jobsBySender.set(parent, left);
    else this.jobsBySender.delete(parent);
  }

  private trim(): number {
    // A hundredth over the limit may stay for a while: moving the whole array for every batch would cost more.
    if (this.sorted.items.length <= this.retain * 1.01) return 0;
    const dropped = this.sorted.shift(this.sorted.items.length - this.retain);
    for (const row of dropped) {
      row.gone = true;
      this.byId.delete(row.request.id);
      this.forgetJob(row);
      this.findingsByRequest.delete(row.request.id);
    }
    this.findingChanges += 1;
    return dropped.length;
  }
}
