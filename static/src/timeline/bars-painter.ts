/** Draws the lanes' bars: by colour, so that the canvas changes its colour seldom, and with words where they fit. */

import { RECIPES } from "../lib/colour";
import { methodOf } from "../lib/format";
import { userName } from "../lib/people";
import type { Request } from "../protocol/records";
import { HAZARD, LEAK } from "./bars";
import { columnsOf, paintColumns, paintCrowding } from "./density";
import { type Frame, hairline, inView, onCanvas, snapX, snapped } from "./frame";
import type { Lane } from "./lanes";
import { rowTop, type Shelf } from "./layout";
import { Crowding } from "./crowding";
import { write } from "./text";

/** A bar as it stands on the canvas, in CSS pixels. */
export interface Rect {
  slot: number;
  cssX: number;
  cssY: number;
  cssWidth: number;
  cssHeight: number;
}

/** With less room than this for each bar of its fullest row, in CSS pixels, a lane shows columns; with more than the other, bars again. */
const DENSE_X = 6;
const SPARSE_X = 7.5;
const LABEL_X = 34;
const LABEL_ROW_Y = 12;

export class BarsPainter {
  private readonly dense = new WeakSet<Lane>();
  private readonly crowding = new Crowding();
  /** Four numbers a bar: x, y, width, height; by tone. */
  private readonly rects: number[][] = RECIPES.map(() => []);
  private labels: Rect[] = [];
  private marked: Rect[] = [];

  /** Draw what is on the screen; returns the bars with findings, whose marks go on top. */
  paint(frame: Frame): readonly Rect[] {
    for (const rects of this.rects) rects.length = 0;
    this.labels = [];
    this.marked = [];
    this.crowding.clear();
    for (const shelf of frame.layout.shelves) {
      if (!inView(shelf.cssY, shelf.cssHeight, frame)) continue;
      if (this.isDense(shelf, frame)) this.paintDense(shelf, frame);
      else this.gather(shelf, frame);
    }
    this.paintRects(frame);
    this.crowding.paint(frame);
    this.paintLabels(frame);
    return this.marked;
  }

  private isDense({ lane }: Shelf, { span, strip }: Frame): boolean {
    const fullest = Math.max(
      ...lane.tracks.map((track) => track.endStartingBefore(span.toUs) - track.firstEndingAfter(span.fromUs)),
    );
    const roomX = strip.cssWidth / Math.max(1, fullest);
    if (roomX < (this.dense.has(lane) ? SPARSE_X : DENSE_X)) this.dense.add(lane);
    else this.dense.delete(lane);
    return this.dense.has(lane);
  }

  private paintDense({ lane, cssY, cssHeight }: Shelf, frame: Frame): void {
    const { span, strip } = frame;
    const columns = columnsOf(lane.tracks, span, strip, frame.nowUs);
    const band = { cssY: onCanvas(cssY, frame) + 2, cssHeight: cssHeight - 4 };
    paintColumns(frame, columns, band, lane.tracks.length);
    if (lane.serial !== null) paintCrowding(frame, columns, band);
  }

  private gather(shelf: Shelf, frame: Frame): void {
    const { span, model } = frame;
    const { startUs, endUs, marks, tone } = model.bars;
    const { lane, rowCssY } = shelf;
    const cssHeight = snapped(rowCssY > 6 ? rowCssY - 2 : rowCssY > 3 ? rowCssY - 1 : rowCssY, frame);
    const line = hairline(frame);
    const counts = lane.serial !== null && lane.tracks.length > 1;
    if (counts) this.crowding.begin(frame);
    let lowest = 0;
    lane.tracks.forEach((track, row) => {
      const cssY = snapped(onCanvas(rowTop(shelf, row), frame), frame);
      const end = track.endStartingBefore(span.toUs);
      let drawnX = -Infinity;
      for (let place = track.firstEndingAfter(span.fromUs); place < end; place++) {
        const slot = track.slots[place] as number;
        const fromX = snapX(Math.max(startUs[slot] as number, span.fromUs - 1), frame);
        const toX = snapX(Math.min(endUs[slot] as number, frame.nowUs, span.toUs), frame);
        lowest = row + 1;
        if (counts) this.crowding.add(fromX, toX);
        const mark = marks[slot] as number;
        // What falls on a pixel that is drawn already adds nothing, unless it has something to tell.
        if (toX <= drawnX && mark < HAZARD) continue;
        const least = mark & LEAK ? 4 : 1;
        const cssWidth = Math.max(least, toX - fromX > 3 ? toX - fromX - line : toX - fromX);
        drawnX = fromX + cssWidth;
        this.rects[tone[slot] as number]?.push(fromX, cssY, cssWidth, cssHeight);
        const rect = { slot, cssX: fromX, cssY, cssWidth, cssHeight };
        if (mark >= HAZARD) this.marked.push(rect);
        if (cssWidth >= LABEL_X && cssHeight >= LABEL_ROW_Y) this.labels.push(rect);
      }
    });
    if (counts) this.crowding.end(onCanvas(rowTop(shelf, 0), frame) - 1, lowest * rowCssY);
  }

  private paintRects(frame: Frame): void {
    const { context, theme } = frame;
    const line = hairline(frame);
    this.rects.forEach((rects, number) => {
      const tone = theme.tones[number];
      if (!tone || rects.length === 0) return;
      context.fillStyle = tone.edge;
      for (let at = 0; at < rects.length; at += 4) {
        context.fillRect(
          rects[at] as number,
          rects[at + 1] as number,
          rects[at + 2] as number,
          rects[at + 3] as number,
        );
      }
      context.fillStyle = tone.fill;
      for (let at = 0; at < rects.length; at += 4) {
        const cssWidth = rects[at + 2] as number;
        const cssHeight = rects[at + 3] as number;
        if (cssWidth < 5 || cssHeight < 6) continue;
        context.fillRect(
          (rects[at] as number) + line,
          (rects[at + 1] as number) + line,
          cssWidth - 2 * line,
          cssHeight - 2 * line,
        );
      }
    });
  }

  private paintLabels({ context, theme, model }: Frame): void {
    context.font = theme.font;
    context.textBaseline = "middle";
    for (const { slot, cssX, cssY, cssWidth, cssHeight } of this.labels) {
      context.fillStyle = theme.tones[model.bars.tone[slot] as number]?.ink ?? theme.colours.text;
      const left = Math.max(cssX, 0) + 5;
      write(context, labelOf(model.rowAt(slot).request), left, cssY + cssHeight / 2 + 0.5, cssX + cssWidth - left - 4);
    }
  }
}

function labelOf(request: Request): string {
  const { user, path } = request;
  return `${userName(user)}  ${methodOf(request)} ${path}`;
}
