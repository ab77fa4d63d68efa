/** Findings gathered into groups by their cause: what one change mends, of whatever kind and wherever it shows. */

import { LEVELS } from "../lib/kinds";
import type { Finding, Level, Request } from "../protocol/records";
import { threadKey } from "./records";

export interface Occurrence {
  finding: Finding;
  /** Null when the page does not hold the request, or not yet. */
  request: Request | null;
  /** Unix time of the finding; null where the request is. */
  timeNs: number | null;
}

export interface Group {
  id: string;
  /** The worst of its findings. */
  level: Level;
  /** That of the newest finding of this level. */
  kind: string;
  /** How often each kind was seen, the worst first. */
  kinds: Map<string, number>;
  holder: string | null;
  holderKind: string | null;
  /** In the order of their time, those without one first; never empty. */
  occurrences: Occurrence[];
  firstNs: number | null;
  lastNs: number | null;
  /** Ids of the processes in which it happened. */
  processes: Set<string>;
  /** The threads, by `threadKey`, on which it happened: those of the requests and of the writers. */
  threads: Set<string>;
}

/** What groups are made of beside findings. */
export interface Held {
  request(id: string): Request | undefined;
  /** Whether this is the id of a process. */
  isProcess(id: string): boolean;
}

/** Gather findings, worst groups first and among them the newest: an order that further occurrences do not change. */
export function groupFindings(findings: Iterable<Finding>, held: Held): Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const request = held.request(finding.request) ?? null;
    let group = groups.get(finding.group);
    if (!group) groups.set(finding.group, (group = emptyGroup(finding)));
    group.occurrences.push({ finding, request, timeNs: request && request.start_ns + finding.at_ns });
    group.level = worstOf([group.level, finding.level]) ?? group.level;
    const process = request?.process ?? processIn(finding.request, held);
    if (process === undefined) continue;
    group.processes.add(process);
    if (request) group.threads.add(threadKey(process, request.thread_serial));
    const writer = finding.writer?.thread_serial ?? null;
    if (writer !== null) group.threads.add(threadKey(process, writer));
  }
  for (const group of groups.values()) {
    group.occurrences.sort((a, b) => (a.timeNs ?? 0) - (b.timeNs ?? 0));
    group.firstNs = group.occurrences.find(({ timeNs }) => timeNs !== null)?.timeNs ?? null;
    group.lastNs = group.occurrences.at(-1)?.timeNs ?? null;
    group.kind = tellingOf(group).finding.kind;
    group.kinds = kindsOf(group);
  }
  return [...groups.values()].sort(
    (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || (b.firstNs ?? 0) - (a.firstNs ?? 0),
  );
}

/**
 * Return the process of a request by the request's id alone, which begins with it: so a finding older than all requests
 * that the page holds still counts where it happened.
 */
function processIn(request: string, { isProcess }: Held): string | undefined {
  const process = request.slice(0, Math.max(0, request.lastIndexOf("-")));
  return isProcess(process) ? process : undefined;
}

/** Return one group for each place, the worst: the first one of groups that stand worst first. */
export function onePerPlace(groups: readonly Group[]): Group[] {
  const places = new Map<string, Group>();
  for (const group of groups) {
    const place = group.holder ?? group.kind;
    if (!places.has(place)) places.set(place, group);
  }
  return [...places.values()];
}

/** Return the occurrence that tells a group's story best: the newest of its worst level. */
export function tellingOf({ occurrences, level }: Group): Occurrence {
  return occurrences.findLast(({ finding }) => finding.level === level) ?? (occurrences.at(-1) as Occurrence);
}

function kindsOf({ occurrences }: Group): Map<string, number> {
  const counts = new Map<string, number>();
  for (const level of LEVELS) {
    for (const { finding } of occurrences) {
      if (finding.level === level) counts.set(finding.kind, (counts.get(finding.kind) ?? 0) + 1);
    }
  }
  return counts;
}

/** Return the worst of some levels. */
export function worstOf(levels: Iterable<Level>): Level | undefined {
  const present = new Set(levels);
  return LEVELS.find((level) => present.has(level));
}

function emptyGroup({ group: id, level, kind, holder, holder_kind: holderKind }: Finding): Group {
  return {
    id,
    level,
    kind,
    kinds: new Map(),
    holder,
    holderKind,
    occurrences: [],
    firstNs: null,
    lastNs: null,
    processes: new Set(),
    threads: new Set(),
  };
}
