/** Where everything stands from top to bottom, in CSS pixels from the top of the lanes. */

import type { Group, Lane } from "./lanes";

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
  headCssY: number;
  cssHeight: number;
}

/** Place everything from top to bottom, roomily if it fits into a height. */
export function placeLanes(groups: readonly Group[], collapsed: ReadonlySet<string>, cssRoom: number): Layout {
  const roomy = placeBy(ROOMY, groups, collapsed);
  return roomy.cssHeight <= cssRoom ? roomy : placeBy(TIGHT, groups, collapsed);
}

function placeBy(measure: Measure, groups: readonly Group[], collapsed: ReadonlySet<string>): Layout {
  const heads: Head[] = [];
  const shelves: Shelf[] = [];
  let cssY = 0;
  for (const group of groups) {
    const isCollapsed = collapsed.has(group.process);
    heads.push({ group, cssY, isCollapsed });
    cssY += measure.headY;
    if (isCollapsed) continue;
    for (const lane of group.lanes) {
      const rowCssY = rowHeight(lane.tracks.length, measure);
      const rowsY = Math.max(measure.rowY, lane.tracks.length * rowCssY);
      const cssHeight = rowsY + measure.laneGapY;
      shelves.push({ group, lane, cssY, cssHeight, rowCssY });
      cssY += cssHeight;
    }
    cssY += measure.groupGapY;
  }
  return { heads, shelves, headCssY: measure.headY, cssHeight: cssY };
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
