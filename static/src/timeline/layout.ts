/** Where everything stands from top to bottom, in CSS pixels from the top of the lanes. */

import type { Group, Lane } from "./lanes";

export const HEAD_Y = 22;
const LANE_GAP_Y = 5;
const GROUP_GAP_Y = 6;
/** A lane needs room for its name, even when its rows are fine. */
const LANE_LEAST_Y = 22;

export interface Head {
  group: Group;
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
  cssHeight: number;
}

/** Return how high each row of a lane with so many of them is: many are fine, so that a lane stays on the screen. */
export function rowHeight(rows: number): number {
  if (rows <= 5) return 18;
  if (rows <= 9) return 13;
  return Math.max(2, Math.min(8, Math.floor(110 / rows)));
}

export function placeLanes(groups: readonly Group[], collapsed: ReadonlySet<string>): Layout {
  const heads: Head[] = [];
  const shelves: Shelf[] = [];
  let cssY = 0;
  for (const group of groups) {
    const isCollapsed = collapsed.has(group.process);
    heads.push({ group, cssY, isCollapsed });
    cssY += HEAD_Y;
    if (isCollapsed) continue;
    for (const lane of group.lanes) {
      const rowCssY = rowHeight(lane.tracks.length);
      const cssHeight = Math.max(LANE_LEAST_Y, lane.tracks.length * rowCssY + LANE_GAP_Y);
      shelves.push({ group, lane, cssY, cssHeight, rowCssY });
      cssY += cssHeight;
    }
    cssY += GROUP_GAP_Y;
  }
  return { heads, shelves, cssHeight: cssY };
}

/** Return the top of a row within its shelf; few rows stand in the middle of it. */
export function rowTop({ cssY, cssHeight, rowCssY, lane }: Shelf, row: number): number {
  return cssY + (cssHeight - lane.tracks.length * rowCssY) / 2 + row * rowCssY;
}
