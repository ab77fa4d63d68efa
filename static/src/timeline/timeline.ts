/** The timeline on its canvas: what it looks at, when it draws, and what stands under the pointer. */

import { Camera, wholeSpan } from "./camera";
import { AXIS_Y, type Frame, onCanvas, OVERVIEW_Y, stripOf } from "./frame";
import { type Layout, placeLanes } from "./layout";
import type { Model } from "./model";
import { pictureOf } from "./picture";
import { Scene } from "./scene";
import { type Target, targetAt } from "./target";
import { moved, shifted, type Span, timeUsAt, zoomed } from "./viewport";

/** What the timeline reports. */
export interface Hooks {
  /** The span was moved by a person, or let go of following. */
  held(span: Span): void;
  /** The server's time. */
  nowNs(): number;
  isCalm(): boolean;
}

export class Timeline {
  readonly camera = new Camera();
  layout: Layout = { heads: [], shelves: [], headCssY: 0, showsHosts: false, cssHeight: 0 };
  private readonly scene: Scene;
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
    probe: HTMLElement,
    readonly model: Model,
    private readonly hooks: Hooks,
  ) {
    this.scene = new Scene(canvas, probe);
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
    this.scene.retheme();
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
    return timeUsAt(cssX, this.scene.whole, stripOf(this.cssWidth));
  }

  /** Tell what stands at a place. */
  targetAt(cssX: number, cssY: number): Target {
    return targetAt(this.frameNow(), cssX, cssY);
  }

  /** Return all lanes as a PNG file, over the stretch of time that shows. */
  exportPng(): Promise<Blob> {
    return pictureOf(this.scene, this.frameNow(), () => this.whole());
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
    this.layout = placeLanes(this.model.hosts, this.collapsed, this.roomY);
    this.scrollY(0);
  }

  private draw(): void {
    if (this.cssWidth === 0) return;
    const { camera, model } = this;
    camera.advance(this.edgeUs(), performance.now() * 1000, this.hooks.isCalm());
    const perPixelUs = (this.span.toUs - this.span.fromUs) / this.cssWidth / devicePixelRatio;
    const moves = camera.following || model.isRunning || this.scene.isBehind;
    if (moves) this.schedule();
    const isSame = this.drawnVersion === model.version && Math.abs(this.drawnToUs - this.movingUs()) < perPixelUs;
    if (isSame && !this.isStale && !this.scene.isDue) return;
    this.isStale = false;
    this.drawnVersion = model.version;
    this.drawnToUs = this.movingUs();
    this.place();
    this.scene.paint(this.frameNow(), () => this.whole());
    if (this.scene.isBehind) this.schedule();
  }

  /** Return what moves the picture by itself: the edge, or the ends of running requests. */
  private movingUs(): number {
    if (this.camera.following) return this.span.toUs;
    return this.model.isRunning ? this.nowUs() : 0;
  }

  private frameNow(): Frame {
    const { model, layout, span, cssWidth, cssHeight, scrollCssY, hovered, lit, focusVisible } = this;
    return {
      ...this.scene.tools,
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
      focusVisible,
    };
  }
}
