/** Lanes too full for bars: how busy they are, in columns, neutral but for leaks. */

import { HAZARD, LEAK } from "./bars";
import type { Frame } from "./frame";
import type { Columns, Track } from "./track";
import type { Span, Strip } from "./viewport";

const COLUMN_X = 3;
/** Widest canvas that is drawn, in columns. */
const MOST = 4096;

/** Busier than one request all the time, but for what rounding adds. */
const CROWDED = 1.02;

const whole: Columns = { busy: new Float32Array(MOST), marks: new Uint8Array(MOST) };

/** Columns over a stretch of the screen, and where the first of them begins. */
export interface PlacedColumns extends Columns {
  cssX: number;
}

/**
 * Sum rows up in columns over a strip; the result is good until the next call.
 *
 * Columns begin at multiples of their width in time, wherever the strip begins: else they would flicker as it moves.
 */
export function columnsOf(tracks: Iterable<Track>, { fromUs, toUs }: Span, strip: Strip, nowUs: number): PlacedColumns {
  const columnUs = ((toUs - fromUs) * COLUMN_X) / strip.cssWidth;
  const firstUs = Math.floor(fromUs / columnUs) * columnUs;
  const count = Math.min(MOST, Math.ceil(strip.cssWidth / COLUMN_X) + 1);
  const columns = { busy: whole.busy.subarray(0, count).fill(0), marks: whole.marks.subarray(0, count).fill(0) };
  for (const track of tracks) track.addTo(columns, firstUs, firstUs + count * columnUs, nowUs);
  // On a whole pixel: columns that begin between two are slow to draw, and blurred.
  return { ...columns, cssX: Math.round(strip.cssLeft - ((fromUs - firstUs) / columnUs) * COLUMN_X) };
}

/** Where columns stand on the canvas from top to bottom. */
export interface Band {
  cssY: number;
  cssHeight: number;
}

/** Draw columns that grow from the bottom of a box; `full` is how busy a column is that fills it. */
export function paintColumns(
  { context, theme }: Frame,
  { busy, marks, cssX }: PlacedColumns,
  band: Band,
  full: number,
): void {
  const bottom = band.cssY + band.cssHeight;
  // One path: as many rectangles take twice as long.
  context.beginPath();
  context.moveTo(cssX, bottom);
  let last = 0;
  for (let column = 0; column <= busy.length; column++) {
    const share = Math.min(1, (busy[column] ?? 0) / full);
    const height = share === 0 ? 0 : Math.max(1, Math.round(share * band.cssHeight));
    if (height === last) continue;
    context.lineTo(cssX + column * COLUMN_X, bottom - last);
    context.lineTo(cssX + column * COLUMN_X, bottom - height);
    last = height;
  }
  context.closePath();
  context.fillStyle = theme.colours.density;
  context.fill();
  const paintMarks = (mark: number, colour: string, cssHeight: number): void => {
    context.fillStyle = colour;
    runs(
      marks,
      (bits) => (bits & mark) !== 0,
      (from, end) => {
        context.fillRect(cssX + from * COLUMN_X, band.cssY, Math.max(3, (end - from) * COLUMN_X), cssHeight);
      },
    );
  };
  paintMarks(HAZARD, theme.colours.warn, 3);
  paintMarks(LEAK, theme.colours.bad, band.cssHeight);
}

/** Hatch the columns in which several requests were in flight at once. */
export function paintCrowding({ context, hatch }: Frame, { busy, cssX }: PlacedColumns, band: Band): void {
  context.fillStyle = hatch;
  runs(
    busy,
    (share) => share > CROWDED,
    (from, end) => {
      context.fillRect(cssX + from * COLUMN_X, band.cssY, (end - from) * COLUMN_X, band.cssHeight);
    },
  );
}

/** Find the runs of values that pass a test. */
function runs(
  values: ArrayLike<number>,
  is: (value: number) => boolean,
  found: (from: number, end: number) => void,
): void {
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
