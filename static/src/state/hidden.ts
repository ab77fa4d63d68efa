/** Groups of findings that a person does not want to see; kept in this browser alone. */

import { signal } from "@preact/signals";

const KEY = "reqtrace.hidden";

export const hidden = signal<ReadonlySet<string>>(load());

/** Hide a group, or show it again. */
export function setHidden(group: string, hide: boolean): void {
  const groups = new Set(hidden.value);
  if (hide) groups.add(group);
  else groups.delete(group);
  hidden.value = groups;
  try {
    localStorage.setItem(KEY, JSON.stringify([...groups]));
  } catch {
    // A browser that keeps nothing: it holds until the page is closed.
  }
}

function load(): Set<string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return new Set(Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : []);
  } catch {
    return new Set();
  }
}
