/** Which process started which, as far as their records tell: a tree for each host. */

import type { Process } from "../protocol/records";

/** A process with those that it started. */
export interface Kin<P> {
  pid: number;
  /** Null for a parent that no record tells of: a server's master runs no middleware. */
  member: P | null;
  children: Kin<P>[];
}

export interface Household<P> {
  host: string;
  roots: Kin<P>[];
}

/** So long a process that ended keeps its place. */
const STAYS_NS = 600e9;

/** Return when a process was last heard of. */
export function lastSeenNs({ ended_ns: endedNs, seen_ns: seenNs }: Process): number {
  return endedNs ?? seenNs;
}

/** Part processes into those that live or did so until lately, and those that ended earlier. */
export function partByAge<P extends { process: Process; alive: boolean }>(
  members: readonly P[],
  nowNs: number,
): { present: P[]; earlier: P[] } {
  // Where nobody lives, as in a file, it is asked how long before the last of them one ended.
  const anyAlive = members.some(({ alive }) => alive);
  const untilNs = anyAlive ? nowNs : Math.max(...members.map(({ process }) => lastSeenNs(process)));
  const isPresent = ({ process, alive }: P): boolean => alive || untilNs - lastSeenNs(process) < STAYS_NS;
  return { present: members.filter(isPresent), earlier: members.filter((member) => !isPresent(member)) };
}

/** Put processes under their parents, in the order in which they are given. */
export function households<P extends { process: Process }>(members: readonly P[]): Household<P>[] {
  const hosts = new Map<string, P[]>();
  for (const member of members) {
    const { host } = member.process;
    hosts.set(host, [...(hosts.get(host) ?? []), member]);
  }
  return [...hosts]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([host, here]) => ({ host, roots: rootsOf(here) }));
}

function rootsOf<P extends { process: Process }>(members: readonly P[]): Kin<P>[] {
  const kin = members.map((member): Kin<P> => ({ pid: member.process.pid, member, children: [] }));
  const strangers = new Map<number, Kin<P>>();
  const roots: Kin<P>[] = [];
  for (const [place, child] of kin.entries()) {
    const { process } = members[place] as P;
    const known = kin.find(({ member }) => member !== null && isParent(member.process, process));
    const parent = known ?? strangers.get(process.parent_pid) ?? { pid: process.parent_pid, member: null, children: [] };
    if (!known && !strangers.has(parent.pid)) {
      strangers.set(parent.pid, parent);
      roots.push(parent);
    }
    parent.children.push(child);
  }
  // A known process stands under its own parent, which is a stranger in the end, or known in its turn.
  return roots;
}

/** Pids are given out again: a parent was there when its child began. */
function isParent(parent: Process, child: Process): boolean {
  return (
    parent.pid === child.parent_pid &&
    parent.started_ns < child.started_ns &&
    (parent.ended_ns === null || parent.ended_ns >= child.started_ns)
  );
}
