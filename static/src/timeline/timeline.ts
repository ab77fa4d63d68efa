/** The timeline on its canvas: what it looks at, when it draws, and what stands under the pointer. */

import { paintAxis, paintGrid } from "./axis-painter";
import { BarsPainter } from "./bars-painter";
import { Camera, wholeSpan } from "./camera";
import { hatchPattern } from "./crowding";
import { AXIS_Y, type Frame, onCanvas, OVERVIEW_Y, stripOf } from "./frame";
import { paintGrounds, paintNames } from "./lanes-painter";
import { type Layout, placeLanes, rowTop } from "./layout";
import { paintChosen, paintFindings, paintHops } from "./marks-painter";
import type { Model } from "./model";
import { Overview } from "./overview";
import { readTheme, type Theme } from "./theme";
import { moved, shifted, type Span, timeUsAt, zoomed } from "./viewport";

/** How far from a bar the pointer still means it, in CSS pixels. */
const TOLERANCE_X = 3;

/** What the timeline reports. */
export interface Hooks {
  /** The span was moved by a person, or let go of following. */
  held(span: Span): void;
  /** The server's time. */
  nowNs(): number;
  isCalm(): boolean;
}

/** What stands at a place of the canvas. */
export type Target =
  | { kind: "bar"; slot: number }
  | { kind: "head"; process: string }
  | { kind: "lane"; thread: string | null }
  | { kind: "overview" }
  | { kind: "nothing" };

export class Timeline {
  readonly camera = new Camera();
  layout: Layout = { heads: [], shelves: [], headCssY: 0, cssHeight: 0 };
  private readonly painter = new BarsPainter();
  private readonly overview = new Overview();
  private readonly context: CanvasRenderingContext2D;
  private theme: Theme;
  private hatch: CanvasPattern;
  private cssWidth = 0;
  private cssHeight = 0;
  scrollCssY = 0;
  private frame = 0;
  private isStale = true;
  private drawnShape = -1;
  private drawnVersion = -1;
  private drawnToUs = 0;
  private collapsed: ReadonlySet<string> = new Set();
  private chosen: string | null = null;
  private hovered: number | undefined;
  private lit: ReadonlySet<string | null> = new Set();
  private focusVisible = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly probe: HTMLElement,
    readonly model: Model,
    private readonly hooks: Hooks,
  ) {
    this.context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
    this.theme = readTheme(probe);
    this.hatch = hatchPattern(this.context, this.theme.colours.hatch, devicePixelRatio);
  }

  /** Stop drawing. */
  stop(): void {
    cancelAnimationFrame(this.frame);
  }

  /** Draw with the next frame. */
  redraw(): void {
    this.isStale = true;
    this.schedule();
  }

  /** Draw if the model changed, or time alone moves the picture. */
  schedule(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Take the size that the style sheet gives the canvas. */
  resize(): void {
    this.cssWidth = this.canvas.clientWidth;
    this.cssHeight = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.cssWidth * devicePixelRatio);
    this.canvas.height = Math.round(this.cssHeight * devicePixelRatio);
    this.drawnShape = -1;
    this.retheme();
  }

  retheme(): void {
    this.theme = readTheme(this.probe);
    this.hatch = hatchPattern(this.context, this.theme.colours.hatch, devicePixelRatio);
    this.overview.forget();
    this.redraw();
  }

  setCollapsed(collapsed: ReadonlySet<string>): void {
    this.collapsed = collapsed;
    this.drawnShape = -1;
    this.redraw();
  }

  setLit(lit: ReadonlySet<string | null>): void {
    this.lit = lit;
    this.redraw();
  }

  setHovered(slot: number | undefined): void {
    if (slot === this.hovered) return;
    this.hovered = slot;
    this.redraw();
  }

  setFocusVisible(visible: boolean): void {
    this.focusVisible = visible;
    this.redraw();
  }

  /** Mark a request as the chosen one and bring it into view. */
  setChosen(id: string | null): void {
    this.chosen = id;
    this.place();
    if (this.chosenSlot !== undefined) this.reveal(this.chosenSlot);
    this.redraw();
  }

  setFollowing(following: boolean): void {
    if (following === this.camera.following) return;
    if (following) this.camera.follow();
    else this.camera.hold(this.span);
    this.redraw();
  }

  /** Start from a given span, else from the newest requests. */
  begin(span: Span | null): void {
    const lengthUs = this.span.toUs - this.span.fromUs;
    const edgeUs = this.edgeUs();
    this.camera.span = span ?? { fromUs: edgeUs - lengthUs, toUs: edgeUs };
    this.redraw();
  }

  /** Return the chosen bar, if it is among those that are shown. */
  get chosenSlot(): number | undefined {
    return this.chosen === null ? undefined : this.model.slotOf(this.chosen);
  }

  get span(): Span {
    return this.camera.span;
  }

  /** Look elsewhere; this lets go of following. */
  look(span: Span): void {
    this.camera.hold(span);
    this.hooks.held(span);
    this.redraw();
  }

  /** Move in time by a number of CSS pixels. */
  panX(cssX: number): void {
    const { fromUs, toUs } = this.span;
    this.look(moved(this.span, (cssX / stripOf(this.cssWidth).cssWidth) * (toUs - fromUs)));
  }

  /** Zoom at a place of the canvas; without one, at the right edge of a live timeline, else in the middle. */
  zoom(factor: number, atCssX?: number): void {
    const { fromUs, toUs } = this.span;
    this.look(zoomed(this.span, factor, atCssX === undefined ? (fromUs + toUs) / 2 : this.timeAt(atCssX)));
  }

  /** Scroll the lanes; false when there is no farther to go. */
  scrollY(cssY: number): boolean {
    const before = this.scrollCssY;
    this.scrollCssY = Math.max(0, Math.min(this.layout.cssHeight - this.roomY, before + cssY));
    if (this.scrollCssY === before) return false;
    this.redraw();
    return true;
  }

  /** What the lanes have for themselves, in CSS pixels. */
  private get roomY(): number {
    return this.cssHeight - AXIS_Y - OVERVIEW_Y;
  }

  /** Look at everything there is. */
  showAll(): void {
    this.look(this.whole());
  }

  timeAt(cssX: number): number {
    return timeUsAt(cssX, this.span, stripOf(this.cssWidth));
  }

  /** Return the time at a place of the overview. */
  overviewTimeAt(cssX: number): number {
    return timeUsAt(cssX, this.overview.whole, stripOf(this.cssWidth));
  }

  /** Tell what stands at a place. */
  targetAt(cssX: number, cssY: number): Target {
    if (cssY > this.cssHeight - OVERVIEW_Y) return { kind: "overview" };
    if (cssY < AXIS_Y) return { kind: "nothing" };
    const top = (placeY: number): number => onCanvas(placeY, this);
    const head = this.layout.heads.find((one) => cssY >= top(one.cssY) && cssY < top(one.cssY) + this.layout.headCssY);
    if (head) return { kind: "head", process: head.group.process };
    const shelf = this.layout.shelves.find((one) => cssY >= top(one.cssY) && cssY < top(one.cssY) + one.cssHeight);
    if (!shelf) return { kind: "nothing" };
    const strip = stripOf(this.cssWidth);
    const row = Math.floor((cssY - top(rowTop(shelf, 0))) / shelf.rowCssY);
    const toleranceUs = (TOLERANCE_X / strip.cssWidth) * (this.span.toUs - this.span.fromUs);
    const slot = cssX < strip.cssLeft ? undefined : shelf.lane.tracks[row]?.at(this.timeAt(cssX), toleranceUs);
    return slot === undefined ? { kind: "lane", thread: shelf.lane.key } : { kind: "bar", slot };
  }

  /** Return the canvas as a PNG file. */
  exportPng(): Promise<Blob> {
    this.isStale = true;
    this.draw();
    return new Promise((resolve, reject) => {
      this.canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser cannot write the picture."))));
    });
  }

  /** Move as little as brings a bar into view. */
  private reveal(slot: number): void {
    const { startUs, endUs } = this.model.bars;
    const from = startUs[slot] as number;
    const span = shifted(this.span, from, Math.min(endUs[slot] as number, this.nowUs()));
    if (span !== this.span) this.look(span);
    const shelf = this.layout.shelves.find(({ lane }) => lane === this.model.laneOf(slot));
    if (!shelf) return;
    const top = onCanvas(shelf.cssY, this);
    const bottom = this.cssHeight - OVERVIEW_Y;
    if (top < AXIS_Y) this.scrollY(top - AXIS_Y);
    else if (top + shelf.cssHeight > bottom) this.scrollY(Math.min(top - AXIS_Y, top + shelf.cssHeight - bottom));
  }

  private nowUs(): number {
    return this.model.timeUs(this.hooks.nowNs());
  }

  private whole(): Span {
    const newestUs = this.model.isRunning ? this.nowUs() : this.model.newestUs;
    return wholeSpan(this.model.oldestUs, Number.isFinite(newestUs) ? newestUs : this.nowUs());
  }

  /** Return where the right edge ought to be: now, or, when nothing has come for long, not far from the last bar. */
  private edgeUs(): number {
    const nowUs = this.nowUs();
    const { newestUs, isRunning } = this.model;
    if (isRunning || !Number.isFinite(newestUs)) return nowUs;
    return Math.min(nowUs, newestUs + (this.span.toUs - this.span.fromUs) / 2);
  }

  private place(): void {
    if (this.drawnShape === this.model.shape) return;
    this.drawnShape = this.model.shape;
    this.layout = placeLanes(this.model.groups, this.collapsed, this.roomY);
    this.scrollY(0);
  }

  private draw(): void {
    if (this.cssWidth === 0) return;
    const { camera, model } = this;
    camera.advance(this.edgeUs(), performance.now() * 1000, this.hooks.isCalm());
    const perPixelUs = (this.span.toUs - this.span.fromUs) / this.cssWidth / devicePixelRatio;
    const moves = camera.following || model.isRunning;
    if (moves) this.schedule();
    const isSame = this.drawnVersion === model.version && Math.abs(this.drawnToUs - this.movingUs()) < perPixelUs;
    if (isSame && !this.isStale) return;
    this.isStale = false;
    this.drawnVersion = model.version;
    this.drawnToUs = this.movingUs();
    this.place();
    this.paint();
  }

  /** Return what moves the picture by itself: the edge, or the ends of running requests. */
  private movingUs(): number {
    if (this.camera.following) return this.span.toUs;
    return this.model.isRunning ? this.nowUs() : 0;
  }

  private paint(): void {
    const { context, theme } = this;
    const frame = this.frameNow();
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.fillStyle = theme.colours.lane;
    context.fillRect(0, 0, this.cssWidth, this.cssHeight);
    context.save();
    context.beginPath();
    context.rect(0, AXIS_Y, this.cssWidth, this.roomY);
    context.clip();
    paintGrounds(frame);
    paintGrid(frame);
    const marked = this.painter.paint(frame, this.hatch);
    paintFindings(frame, marked);
    paintChosen(frame);
    paintHops(frame);
    paintNames(frame);
    context.restore();
    paintAxis(frame);
    this.overview.paint(frame, () => this.whole());
    if (this.focusVisible) {
      context.strokeStyle = theme.colours.accent;
      context.lineWidth = 2;
      context.strokeRect(1, 1, this.cssWidth - 2, this.cssHeight - 2);
    }
  }

  private frameNow(): Frame {
    const { context, theme, model, layout, span, cssWidth, cssHeight, scrollCssY, hovered, lit } = this;
    return {
      context,
      theme,
      model,
      layout,
      span,
      strip: stripOf(cssWidth),
      nowUs: this.nowUs(),
      cssWidth,
      cssHeight,
      scrollCssY,
      devicePixelRatio,
      chosen: this.chosenSlot,
      hovered: hovered !== undefined && model.bars.rows[hovered] ? hovered : undefined,
      lit,
    };
  }
}
