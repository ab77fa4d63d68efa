/** The columns of the table: which there are, how wide each is, and what rows are sorted by in it. */

import type { Finding, Request } from "../protocol/records";
import { LEVELS } from "./kinds";
import { userName } from "./people";
import type { Order } from "./sorted";

export const COLUMNS = [
  "time",
  "level",
  "user",
  "request",
  "status",
  "duration",
  "process",
  "thread",
  "task",
  "shared",
  "route",
  "view",
  "session",
  "trace",
] as const;
export type Column = (typeof COLUMNS)[number];

export interface Sort {
  by: Column;
  /** From the greatest to the smallest. */
  down: boolean;
}

export const NEWEST_FIRST: Sort = { by: "time", down: true };
/** Columns that begin with what is most of interest: the longest, the worst. */
const DOWN_FIRST: ReadonlySet<Column> = new Set(["time", "level", "status", "duration", "shared"]);

interface Shape {
  /** The least width, in CSS pixels. */
  cssX: number;
  /** Its share of what is left over. */
  grows: number;
  /** The width of the table, in CSS pixels, from which the column shows unasked; Infinity: only when it is chosen. */
  from: number;
}

const SHAPES: Record<Column, Shape> = {
  time: { cssX: 92, grows: 0, from: 0 },
  level: { cssX: 74, grows: 0, from: 0 },
  user: { cssX: 76, grows: 1, from: 0 },
  request: { cssX: 84, grows: 3, from: 0 },
  status: { cssX: 58, grows: 0, from: 0 },
  duration: { cssX: 70, grows: 0, from: 0 },
  process: { cssX: 64, grows: 1, from: 980 },
  thread: { cssX: 92, grows: 1.5, from: 0 },
  task: { cssX: 76, grows: 0, from: 1100 },
  shared: { cssX: 184, grows: 0, from: 980 },
  route: { cssX: 120, grows: 1.5, from: Infinity },
  view: { cssX: 150, grows: 2, from: Infinity },
  session: { cssX: 136, grows: 0, from: Infinity },
  trace: { cssX: 250, grows: 0, from: Infinity },
};
const GAP_X = 12;
const PADDING_X = 22;

/** The columns that show where nobody has chosen any, on a table of any width. */
export const USUAL: readonly Column[] = COLUMNS.filter((column) => SHAPES[column].from < Infinity);

/** Return the columns that show: the chosen ones, else the usual ones for which there is room. */
export function columnsFor(chosen: readonly Column[] | null, widthX: number): readonly Column[] {
  return chosen ?? COLUMNS.filter((column) => SHAPES[column].from <= widthX);
}

/** Return how the columns stand, for CSS: their tracks, and the width below which the table scrolls sideways. */
export function layOut(columns: readonly Column[]): { tracks: string; leastX: number } {
  const shapes = columns.map((column) => SHAPES[column]);
  const tracks = shapes.map(({ cssX, grows }) => (grows > 0 ? `minmax(${cssX}px, ${grows}fr)` : `${cssX}px`)).join(" ");
  const leastX = shapes.reduce((sum, { cssX }) => sum + cssX + GAP_X, PADDING_X - GAP_X);
  return { tracks, leastX };
}

/** Return the sort that a press on a column's head asks for: that column, or the other way round. */
export function pressed(sort: Sort, column: Column): Sort {
  return { by: column, down: sort.by === column ? !sort.down : DOWN_FIRST.has(column) };
}

/** Return what a request is sorted by in a column; what a column does not show stands at its low end. */
export function orderIn(column: Column, request: Request, findingsOf: (id: string) => readonly Finding[]): Order {
  switch (column) {
    case "time":
      return request.start_ns;
    case "level":
      return Math.max(0, ...findingsOf(request.id).map(({ level }) => LEVELS.length - LEVELS.indexOf(level)));
    case "user":
      return userName(request.user).toLowerCase();
    case "request":
      return `${request.path} ${request.method}`;
    case "status":
      return request.status ?? 0;
    case "duration":
      return request.outcome === "open" ? Infinity : request.duration_ns;
    case "process":
      return request.pid;
    case "thread":
      return request.pid * 1e6 + request.thread_serial;
    case "task":
      return request.task_serial ?? request.greenlet_serial ?? 0;
    case "shared":
      return request.same_thread.at_once * 1e9 + request.same_thread.before;
    case "route":
      return request.route;
    case "view":
      return request.view;
    case "session":
      return request.session ?? "";
    case "trace":
      return request.trace_id ?? "";
  }
}
