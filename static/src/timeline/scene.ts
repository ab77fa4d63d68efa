/** The picture as a whole: its layers in order, and the colours they share. */

import { paintAxis, paintGrid } from "./axis-painter";
import { BarsPainter } from "./bars-painter";
import { hatchPattern } from "./crowding";
import { AXIS_Y, type Frame, OVERVIEW_Y } from "./frame";
import { paintGrounds, paintNames } from "./lanes-painter";
import { paintChosen, paintFindings, paintHops, paintSendings } from "./marks-painter";
import { Overview } from "./overview";
import { readTheme } from "./theme";
import type { Span } from "./viewport";

export class Scene {
  /** What to draw with. */
  tools: Pick<Frame, "context" | "theme" | "hatch">;
  private readonly context: CanvasRenderingContext2D;
  private readonly bars = new BarsPainter();
  private readonly overview = new Overview();

  /** @param probe an element from which the style sheet's colours are read, one after another. */
  constructor(
    canvas: HTMLCanvasElement,
    private readonly probe: HTMLElement,
  ) {
    this.context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
    this.tools = this.readTools();
  }

  /** The stretch of time that the overview shows. */
  get whole(): Span {
    return this.overview.whole;
  }

  /** Whether the overview is left to be drawn soon, though nothing may change any more. */
  get isBehind(): boolean {
    return this.overview.isBehind;
  }

  /** Whether it is time for that. */
  get isDue(): boolean {
    return this.overview.isDue;
  }

  /** Take the colours that hold now. */
  retheme(): void {
    this.tools = this.readTools();
    this.overview.forget();
  }

  paint(frame: Frame, whole: () => Span): void {
    const { context, theme, cssWidth, cssHeight } = frame;
    context.setTransform(frame.devicePixelRatio, 0, 0, frame.devicePixelRatio, 0, 0);
    context.fillStyle = theme.colours.lane;
    context.fillRect(0, 0, cssWidth, cssHeight);
    context.save();
    context.beginPath();
    context.rect(0, AXIS_Y, cssWidth, cssHeight - AXIS_Y - OVERVIEW_Y);
    context.clip();
    paintGrounds(frame);
    paintGrid(frame);
    paintFindings(frame, this.bars.paint(frame));
    paintChosen(frame);
    paintHops(frame);
    paintNames(frame);
    paintSendings(frame);
    context.restore();
    paintAxis(frame);
    this.overview.paint(frame, whole);
    if (!frame.focusVisible) return;
    context.strokeStyle = theme.colours.accent;
    context.lineWidth = 2;
    context.strokeRect(1, 1, cssWidth - 2, cssHeight - 2);
  }

  private readTools(): Scene["tools"] {
    const { context } = this;
    const theme = readTheme(this.probe);
    return { context, theme, hatch: hatchPattern(context, theme.colours.hatch, devicePixelRatio) };
  }
}
