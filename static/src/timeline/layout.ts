/** Where everything stands from top to bottom, in CSS pixels from the top of the lanes. */

import type { Group, Host, Lane } from "./lanes";

/** How much room things get. */
interface Measure {
  headY: number;
  rowY: number;
  laneGapY: number;
  groupGapY: number;
}

const ROOMY: Measure = { headY: 22, rowY: 18, laneGapY: 5, groupGapY: 6 };
/** For when not everything fits on the screen otherwise. */
const TIGHT: Measure = { headY: 19, rowY: 15, laneGapY: 2, groupGapY: 2 };

/** The line above all that folds into it: the lanes of a process, or the processes of a host. */
export interface Head {
  /** What `collapsed` names it by: the process's id, or a host's `hostKey`. */
  key: string;
  /** Whose line it is; null for a host's. */
  process: string | null;
  host: Host;
  /** What folds into it. */
  groups: readonly Group[];
  cssY: number;
  isCollapsed: boolean;
}

export interface Shelf {
  group: Group;
  lane: Lane;
  cssY: number;
  cssHeight: number;
  /** Height of one row, with the gap below it. */
  rowCssY: number;
}

export interface Layout {
  heads: Head[];
  shelves: Shelf[];
  headCssY: number;
  /** Whether hosts have heads of their own, as they do where there are several. */
  showsHosts: boolean;
  cssHeight: number;
}

/** Name a host among the processes' ids. */
export function hostKey(name: string): string {
  return `host:${name}`;
}

/** Place everything from top to bottom, roomily if it fits into a height. */
export function placeLanes(hosts: readonly Host[], collapsed: ReadonlySet<string>, cssRoom: number): Layout {
  const roomy = placeBy(ROOMY, hosts, collapsed);
  return roomy.cssHeight <= cssRoom ? roomy : placeBy(TIGHT, hosts, collapsed);
}

function placeBy(measure: Measure, hosts: readonly Host[], collapsed: ReadonlySet<string>): Layout {
  const heads: Head[] = [];
  const shelves: Shelf[] = [];
  const showsHosts = hosts.length > 1;
  let cssY = 0;
  const addHead = (key: string, process: string | null, host: Host, groups: readonly Group[]): boolean => {
    const isCollapsed = collapsed.has(key);
    heads.push({ key, process, host, groups, cssY, isCollapsed });
    cssY += measure.headY;
    return isCollapsed;
  };
  for (const host of hosts) {
    if (showsHosts && addHead(hostKey(host.name), null, host, host.groups)) continue;
    for (const group of host.groups) {
      if (addHead(group.process, group.process, host, [group])) continue;
      for (const lane of group.lanes) {
        const rowCssY = rowHeight(lane.tracks.length, measure);
        const rowsY = Math.max(measure.rowY, lane.tracks.length * rowCssY);
        const cssHeight = rowsY + measure.laneGapY;
        shelves.push({ group, lane, cssY, cssHeight, rowCssY });
        cssY += cssHeight;
      }
      cssY += measure.groupGapY;
    }
  }
  return { heads, shelves, headCssY: measure.headY, showsHosts, cssHeight: cssY };
}

/** Return how high each row of a lane with so many of them is: many are fine, so that a lane stays on the screen. */
function rowHeight(rows: number, { rowY }: Measure): number {
  if (rows <= 5) return rowY;
  if (rows <= 9) return 12;
  return Math.max(2, Math.min(8, Math.floor(96 / rows)));
}

/** Return the top of a row within its shelf; few rows stand in the middle of it. */
export function rowTop({ cssY, cssHeight, rowCssY, lane }: Shelf, row: number): number {
  return cssY + (cssHeight - lane.tracks.length * rowCssY) / 2 + row * rowCssY;
}
