/** The strip below the lanes: all there is, how busy it was, where it leaked, and which part is on the screen. */

import { duration } from "../lib/format";
import { t } from "../lib/text";
import { columnsOf, paintColumns, type PlacedColumns } from "./density";
import { type Frame, OVERVIEW_Y } from "./frame";
import { write } from "./text";
import { cssXOf, type Span } from "./viewport";

/** How long what was summed up over everything is good for. */
const FRESH_MS = 250;

export class Overview {
  whole: Span = { fromUs: 0, toUs: 1 };
  private columns: PlacedColumns = { busy: new Float32Array(0), marks: new Uint8Array(0), cssX: 0 };
  private summedMs = -Infinity;
  private version = -1;
  /** Whether the model changed since it was summed up, too soon to do that again at once. */
  isBehind = false;

  /** Whether it is behind, and may be summed up again. */
  get isDue(): boolean {
    return this.isBehind && performance.now() - this.summedMs >= FRESH_MS;
  }

  /** Sum up anew with the next frame. */
  forget(): void {
    this.summedMs = -Infinity;
  }

  paint(frame: Frame, whole: () => Span): void {
    this.sumUp(frame, whole);
    const { context, theme, strip, cssWidth, cssHeight } = frame;
    const top = cssHeight - OVERVIEW_Y;
    context.fillStyle = theme.colours.ground;
    context.fillRect(0, top, cssWidth, OVERVIEW_Y);
    let most = 0.001;
    for (const busy of this.columns.busy) most = Math.max(most, busy);
    paintColumns(frame, this.columns, { cssY: top + 6, cssHeight: OVERVIEW_Y - 10 }, most);
    this.paintWindow(frame, top);
    context.fillStyle = theme.colours["line-strong"];
    context.fillRect(0, top, cssWidth, 1);
    context.font = theme.font;
    context.fillStyle = theme.colours.muted;
    context.textBaseline = "middle";
    write(context, frame.model.isFiltered ? t("All matches") : t("Everything here"), 12, top + 16, strip.cssLeft - 16);
    write(context, duration((this.whole.toUs - this.whole.fromUs) * 1000), 12, top + 31, strip.cssLeft - 16);
  }

  private sumUp({ model, strip, nowUs }: Frame, whole: () => Span): void {
    const now = performance.now();
    const isSame = this.version === model.version && !model.isRunning;
    const isFresh = now - this.summedMs < (isSame ? Infinity : FRESH_MS);
    this.isBehind = isFresh && this.version !== model.version;
    if (isFresh) return;
    this.summedMs = now;
    this.version = model.version;
    this.whole = whole();
    const { busy, marks, cssX } = columnsOf(model.tracks(), this.whole, strip, nowUs);
    this.columns = { busy: busy.slice(), marks: marks.slice(), cssX };
  }

  /** Shade what is not on the screen, and outline what is. */
  private paintWindow({ context, theme, strip, span, cssWidth }: Frame, top: number): void {
    const fromX = Math.min(cssWidth - 3, Math.max(strip.cssLeft, cssXOf(span.fromUs, this.whole, strip)));
    const toX = Math.min(cssWidth, Math.max(fromX + 3, cssXOf(span.toUs, this.whole, strip)));
    context.globalAlpha = 0.55;
    context.fillStyle = theme.colours.ground;
    context.fillRect(strip.cssLeft, top + 1, fromX - strip.cssLeft, OVERVIEW_Y - 1);
    context.fillRect(toX, top + 1, cssWidth - toX, OVERVIEW_Y - 1);
    context.globalAlpha = 1;
    context.strokeStyle = theme.colours.accent;
    context.lineWidth = 1.5;
    context.strokeRect(fromX + 0.75, top + 2, Math.max(2, toX - fromX - 1.5), OVERVIEW_Y - 3.5);
  }
}
