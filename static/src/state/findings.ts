/** The findings as groups: all of them, those that the list shows, and those on a thread. */

import { computed, signal } from "@preact/signals";

import { records } from "./live";
import { type Group, groupFindings } from "./groups";
import { hidden } from "./hidden";
import { calmRevision } from "./threads";

/** The group that is open, by its id. */
export const openGroup = signal<string | null>(null);
export const findingLevel = signal<string | null>(null);
export const findingKind = signal<string | null>(null);
/** Whether hidden groups are listed, too. */
export const hiddenShown = signal(false);

let gathered: { version: number; groups: Group[] } = { version: -1, groups: [] };

/** Every group, worst first. */
export const allGroups = computed<Group[]>(() => {
  calmRevision.value;
  if (gathered.version !== records.findingsVersion) {
    const groups = groupFindings(records.findings(), (id) => records.row(id)?.request);
    gathered = { version: records.findingsVersion, groups };
  }
  return gathered.groups;
});

/** The groups that nobody has hidden in this browser. */
export const visibleGroups = computed(() => allGroups.value.filter((group) => !hidden.value.has(group.id)));

/** The groups that the list shows. */
export const listedGroups = computed(() =>
  (hiddenShown.value ? allGroups : visibleGroups).value.filter(
    (group) =>
      (findingLevel.value === null || group.level === findingLevel.value) &&
      (findingKind.value === null || group.kind === findingKind.value),
  ),
);

export const leakGroups = computed(() => visibleGroups.value.filter((group) => group.level === "leak"));

/** The groups on each thread, by `threadKey`. */
export const groupsByThread = computed(() => {
  const found = new Map<string, Group[]>();
  for (const group of visibleGroups.value) {
    for (const thread of group.threads) {
      const known = found.get(thread);
      if (known) known.push(group);
      else found.set(thread, [group]);
    }
  }
  return found;
});
