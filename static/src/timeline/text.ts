/** Text on the canvas that keeps to its room. */

const ELLIPSIS = "…";
/** The mean width of a character, by font. */
const meanX = new Map<string, number>();

function fitting(context: CanvasRenderingContext2D, cssWidth: number): number {
  let mean = meanX.get(context.font);
  if (mean === undefined) {
    const sample = "GET /orders/2041/ alice ThreadPoolExecutor";
    mean = (context.measureText(sample).width / sample.length) * 1.04;
    meanX.set(context.font, mean);
  }
  return Math.floor(cssWidth / mean);
}

/** Write text that loses its end where room is short; what is wider than guessed is squeezed, never cut. */
export function write(
  context: CanvasRenderingContext2D,
  text: string,
  cssX: number,
  cssY: number,
  cssWidth: number,
): void {
  const most = fitting(context, cssWidth);
  if (most < 2) return;
  context.fillText(text.length <= most ? text : text.slice(0, most - 1) + ELLIPSIS, cssX, cssY, cssWidth);
}

/** Write text that loses its middle where room is short: pool threads differ in how their names end. */
export function writeName(
  context: CanvasRenderingContext2D,
  text: string,
  cssX: number,
  cssY: number,
  cssWidth: number,
): void {
  const most = fitting(context, cssWidth);
  if (most < 2) return;
  const tail = Math.min(4, most - 2);
  const cut = text.length <= most ? text : text.slice(0, most - tail - 1) + ELLIPSIS + text.slice(-tail);
  context.fillText(cut, cssX, cssY, cssWidth);
}
