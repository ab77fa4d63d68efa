/** The findings as groups: all of them, those that the list shows, and those on a thread. */

import { batch, computed, signal } from "@preact/signals";

import { matchesFinding } from "../lib/filter";
import type { Finding } from "../protocol/records";
import { type Group, groupFindings } from "./groups";
import { filter, records } from "./live";
import { known } from "./marks";
import { fetchedVersion, fetchRequest, requestIfHere } from "./requests";
import { calmRevision } from "./threads";

/** The group that is open, by its id. */
export const openGroup = signal<string | null>(null);
/** The occurrence that somebody chose to read of, by its finding's id; null while nobody did. */
export const toldOccurrence = signal<string | null>(null);
export const findingLevel = signal<string | null>(null);
export const findingKind = signal<string | null>(null);
/** Whether groups that are known are listed, too. */
export const knownShown = signal(false);

/** Open a group, or none; with the occurrence to be told of, or the newest. */
export function openFindings(group: string | null, occurrence: string | null = null): void {
  batch(() => {
    openGroup.value = group;
    toldOccurrence.value = occurrence;
  });
}

/** So many requests of findings, at the most, are fetched to learn on which threads these happened. */
const FETCHED_MAX = 50;

let gathered: { version: number; fetched: number; groups: Group[] } = { version: -1, fetched: -1, groups: [] };

/** Every group, worst first. */
export const allGroups = computed<Group[]>(() => {
  calmRevision.value;
  const [version, fetched] = [records.findingsVersion, fetchedVersion.value];
  if (gathered.version !== version || gathered.fetched !== fetched) {
    gathered = { version, fetched, groups: gather(records.findings()) };
  }
  return gathered.groups;
});

/** The groups that nobody knows yet. */
export const visibleGroups = computed(() => allGroups.value.filter((group) => !known.value.has(group.id)));

export const knownGroups = computed(() => allGroups.value.filter((group) => known.value.has(group.id)));

export const leakGroups = computed(() => visibleGroups.value.filter((group) => group.level === "leak"));

/** The groups with what the page's filter leaves of them. */
const filteredGroups = computed<Group[]>(() => {
  const asked = filter.value;
  if (asked.terms.length === 0) return allGroups.value;
  calmRevision.value;
  return gather(
    records.findings().filter((finding) => matchesFinding(asked, finding, requestIfHere(finding.request))),
  );
});

/** The groups that the list can show: those that match the filter and are not known, unless these are asked for. */
export const offeredGroups = computed(() =>
  knownShown.value ? filteredGroups.value : filteredGroups.value.filter((group) => !known.value.has(group.id)),
);

/** The groups that the list shows. */
export const listedGroups = computed(() =>
  offeredGroups.value.filter(
    (group) =>
      (findingLevel.value === null || group.level === findingLevel.value) &&
      (findingKind.value === null || group.kinds.has(findingKind.value)),
  ),
);

/** The groups on each thread, by `threadKey`. */
export const groupsByThread = computed(() => {
  const found = new Map<string, Group[]>();
  for (const group of visibleGroups.value) {
    for (const thread of group.threads) {
      const there = found.get(thread);
      if (there) there.push(group);
      else found.set(thread, [group]);
    }
  }
  return found;
});

/** Fetch requests that findings name and that are older than all that are here, so that threads show what is unsafe on them. */
export function fetchOnThreads(groups: readonly Group[]): void {
  const missing = groups.flatMap(({ occurrences }) => occurrences.filter(({ request }) => request === null));
  for (const { finding } of missing.slice(0, FETCHED_MAX)) fetchRequest(finding.request);
}

function gather(findings: readonly Finding[]): Group[] {
  return groupFindings(findings, { request: requestIfHere, isProcess: (id) => records.process(id) !== undefined });
}
