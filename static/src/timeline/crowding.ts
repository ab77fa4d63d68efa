/** The stretches in which one thread had several requests in flight at once, hatched. */

import type { Frame } from "./frame";

interface Stretch {
  cssX: number;
  cssY: number;
  cssWidth: number;
  cssHeight: number;
}

export class Crowding {
  private stretches: Stretch[] = [];
  /** How many bars begin, less how many end, at each CSS pixel. */
  private readonly steps = new Int16Array(8192);
  private left = 0;
  private width = 0;

  clear(): void {
    this.stretches = [];
  }

  /** Begin a lane. */
  begin({ strip }: Frame): void {
    this.left = strip.cssLeft;
    this.width = Math.min(this.steps.length - 1, Math.ceil(strip.cssWidth));
    this.steps.fill(0, 0, this.width + 1);
  }

  /** Count a bar, on the pixels that it covers throughout: neighbours that share a pixel do not run at once. */
  add(fromX: number, toX: number): void {
    const from = Math.max(0, Math.ceil(fromX - this.left));
    const to = Math.min(this.width, Math.floor(toX - this.left));
    if (to <= from) return;
    this.steps[from] = (this.steps[from] as number) + 1;
    this.steps[to] = (this.steps[to] as number) - 1;
  }

  /** End the lane: hatch it between two heights. */
  end(cssY: number, cssHeight: number): void {
    let inFlight = 0;
    let from = -1;
    for (let place = 0; place <= this.width; place++) {
      inFlight += this.steps[place] as number;
      if (inFlight > 1 && from < 0) from = place;
      if ((inFlight > 1 && place < this.width) || from < 0) continue;
      this.stretches.push({ cssX: this.left + from, cssY, cssWidth: place - from, cssHeight });
      from = -1;
    }
  }

  paint({ context, hatch }: Frame): void {
    context.fillStyle = hatch;
    for (const { cssX, cssY, cssWidth, cssHeight } of this.stretches) context.fillRect(cssX, cssY, cssWidth, cssHeight);
  }
}

const HATCH_X = 7;

/** Make the pattern: slanted lines that meet at the tiles' edges. */
export function hatchPattern(
  context: CanvasRenderingContext2D,
  colour: string,
  devicePixelRatio: number,
): CanvasPattern {
  const tile = document.createElement("canvas");
  const size = Math.round(HATCH_X * devicePixelRatio);
  tile.width = tile.height = size;
  const pen = tile.getContext("2d") as CanvasRenderingContext2D;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.1 * devicePixelRatio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat") as CanvasPattern;
  pattern.setTransform(new DOMMatrix([1 / devicePixelRatio, 0, 0, 1 / devicePixelRatio, 0, 0]));
  return pattern;
}
