/** What the page shows, as the hash of its address: a reload or a link brings the same view back. */

import { COLOUR_BY, type ColourBy } from "./colour";
import { COLUMNS, type Column, NEWEST_FIRST, type Sort } from "./columns";

export const TABS = ["requests", "threads", "findings", "processes"] as const;
export type Tab = (typeof TABS)[number];

export interface ViewState {
  tab: Tab;
  /** The text of the filter box. */
  filter: string;
  /** What the table is sorted by. */
  sort: Sort;
  /** The columns that were chosen, in their order; null for the usual ones. */
  columns: readonly Column[] | null;
  /** The chosen request's id. */
  request: string | null;
  paused: boolean;
  /** The chosen thread, by `threadKey`. */
  thread: string | null;
  /** The group of findings that is open. */
  finding: string | null;
  /** Which time of those that the group was seen is told of, by its finding's id; null for the newest. */
  occurrence: string | null;
  /** Whether groups that are known are listed, too. */
  known: boolean;
  /** The level that the list of findings is narrowed to. */
  level: string | null;
  /** The kind that the list of findings is narrowed to. */
  kind: string | null;
  /** What the timeline colours its bars by. */
  colour: ColourBy;
  /** Ids of the processes that are folded in the timeline. */
  folded: readonly string[];
  /** The stretch of time that the timeline shows, in milliseconds of Unix time. */
  time: readonly [fromMs: number, toMs: number] | null;
}

/** Write a view as a hash, with its `#`; empty for the view that a plain address shows. */
export function toHash(view: ViewState): string {
  const parts = new URLSearchParams();
  if (view.tab !== "requests") parts.set("view", view.tab);
  if (view.filter.trim()) parts.set("filter", view.filter.trim());
  if (view.sort.by !== NEWEST_FIRST.by || view.sort.down !== NEWEST_FIRST.down) parts.set("sort", writeSort(view.sort));
  if (view.columns) parts.set("columns", view.columns.join("."));
  for (const name of ["request", "thread", "finding", "occurrence", "level", "kind"] as const) {
    const value = view[name];
    if (value !== null) parts.set(name, value);
  }
  if (view.known) parts.set("known", "1");
  if (view.paused) parts.set("paused", "1");
  if (view.colour !== "user") parts.set("colour", view.colour);
  for (const process of view.folded) parts.append("folded", process);
  // Microseconds are as close as the timeline goes.
  if (view.time) parts.set("time", view.time.map((ms) => ms.toFixed(3)).join("-"));
  const text = parts.toString();
  return text && `#${text}`;
}

/** Read a view from a hash, with or without its `#`; what is unknown or missing is left at rest. */
export function fromHash(hash: string): ViewState {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    tab: TABS.find((tab) => tab === parts.get("view")) ?? "requests",
    filter: parts.get("filter") ?? "",
    sort: readSort(parts.get("sort")),
    columns: readColumns(parts.get("columns")),
    request: parts.get("request") || null,
    paused: parts.get("paused") === "1",
    thread: parts.get("thread") || null,
    finding: parts.get("finding") || null,
    occurrence: parts.get("occurrence") || null,
    known: parts.get("known") === "1",
    level: parts.get("level") || null,
    kind: parts.get("kind") || null,
    colour: COLOUR_BY.find((colour) => colour === parts.get("colour")) ?? "user",
    folded: parts.getAll("folded"),
    time: readTime(parts.get("time")),
  };
}

function readTime(text: string | null): ViewState["time"] {
  const [, from, to] = /^(\d+\.\d+)-(\d+\.\d+)$/.exec(text ?? "") ?? [];
  return from !== undefined && Number(from) < Number(to) ? [Number(from), Number(to)] : null;
}

/** A minus in front says that it goes down. */
function writeSort({ by, down }: Sort): string {
  return `${down ? "-" : ""}${by}`;
}

function readSort(text: string | null): Sort {
  const down = text?.startsWith("-") ?? false;
  const by = COLUMNS.find((column) => column === text?.slice(Number(down)));
  return by ? { by, down } : NEWEST_FIRST;
}

function readColumns(text: string | null): ViewState["columns"] {
  const named = text?.split(".") ?? [];
  const columns = COLUMNS.filter((column) => named.includes(column));
  return columns.length > 0 ? columns : null;
}
