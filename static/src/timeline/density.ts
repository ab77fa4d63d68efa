/** Lanes too full for bars: how busy they are, in columns, neutral but for leaks. */

import type { Frame } from "./frame";
import { HAZARD, LEAK } from "./bars";
import type { Columns, Track } from "./track";

const COLUMN_X = 2;
/** Widest canvas that is drawn, in columns. */
const MOST = 4096;

const whole: Columns = { busy: new Float32Array(MOST), marks: new Uint8Array(MOST) };

/** Sum rows up, between two times, in columns over a width; the result is good until the next call. */
export function columnsOf(tracks: Iterable<Track>, fromUs: number, toUs: number, cssWidth: number, nowUs: number): Columns {
  const count = Math.min(MOST, Math.ceil(cssWidth / COLUMN_X));
  const columns = { busy: whole.busy.subarray(0, count).fill(0), marks: whole.marks.subarray(0, count).fill(0) };
  // The last column may hang over the edge; it counts with its whole width.
  const endUs = fromUs + ((toUs - fromUs) * count * COLUMN_X) / cssWidth;
  for (const track of tracks) track.addTo(columns, fromUs, endUs, nowUs);
  return columns;
}

export interface Box {
  cssX: number;
  cssY: number;
  cssHeight: number;
}

/** Draw columns that grow from the bottom of a box; `full` is how busy a column is that fills it. */
export function paintColumns({ context, theme }: Frame, { busy, marks }: Columns, box: Box, full: number): void {
  const bottom = box.cssY + box.cssHeight;
  context.beginPath();
  let last = 0;
  context.moveTo(box.cssX, bottom);
  for (let column = 0; column <= busy.length; column++) {
    const share = Math.min(1, (busy[column] ?? 0) / full);
    const height = share === 0 ? 0 : Math.max(1, Math.round(share * box.cssHeight));
    if (height === last) continue;
    context.lineTo(box.cssX + column * COLUMN_X, bottom - last);
    context.lineTo(box.cssX + column * COLUMN_X, bottom - height);
    last = height;
  }
  context.closePath();
  context.fillStyle = theme.colours.density;
  context.fill();
  paintMarks(context, marks, HAZARD, theme.colours.warn, { ...box, cssHeight: 3 });
  paintMarks(context, marks, LEAK, theme.colours.bad, box);
}

/** Draw a line over each stretch of columns in which several requests were in flight at once. */
export function paintCrowding({ context }: Frame, { busy }: Columns, box: Box, hatch: CanvasPattern): void {
  context.fillStyle = hatch;
  runs(busy, (share) => share > 1.02, (from, end) => context.fillRect(box.cssX + from * COLUMN_X, box.cssY, (end - from) * COLUMN_X, box.cssHeight));
}

function paintMarks(context: CanvasRenderingContext2D, marks: Uint8Array, mark: number, colour: string, box: Box): void {
  context.fillStyle = colour;
  runs(marks, (bits) => (bits & mark) !== 0, (from, end) => {
    context.fillRect(box.cssX + from * COLUMN_X, box.cssY, Math.max(3, (end - from) * COLUMN_X), box.cssHeight);
  });
}

function runs(values: ArrayLike<number>, is: (value: number) => boolean, found: (from: number, end: number) => void): void {
  let from = -1;
  for (let place = 0; place <= values.length; place++) {
    const inside = place < values.length && is(values[place] as number);
    if (inside && from < 0) from = place;
    else if (!inside && from >= 0) {
      found(from, place);
      from = -1;
    }
  }
}
