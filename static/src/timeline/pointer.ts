/** Mouse, pen, fingers and wheel on the canvas. */

import type { Target } from "./target";
import type { Timeline } from "./timeline";
import { spanBetween } from "./viewport";

/** What the page does with what the pointer says. */
export interface PointerHooks {
  choose(slot: number | null): void;
  /** Fold or unfold a process, or a host. */
  toggle(key: string): void;
  /** The pointer is over something, or over nothing any more. */
  hover(target: Target, cssX: number, cssY: number): void;
}

/** So far a pressed pointer may stray, in CSS pixels, and still click. */
const CLICK_X = 4;
/** A line of a wheel that counts in lines, in CSS pixels. */
const LINE_Y = 20;

interface Finger {
  cssX: number;
  cssY: number;
}

export class Pointer {
  private readonly fingers = new Map<number, Finger>();
  private pressed: { cssX: number; cssY: number; target: Target } | null = null;
  private isDrag = false;
  private readonly stopListening = new AbortController();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly timeline: Timeline,
    private readonly hooks: PointerHooks,
  ) {
    const { signal } = this.stopListening;
    canvas.addEventListener("pointerdown", (event) => this.down(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.move(event), { signal });
    canvas.addEventListener("pointerup", (event) => this.up(event), { signal });
    canvas.addEventListener("pointercancel", (event) => this.lift(event), { signal });
    canvas.addEventListener("pointerleave", () => this.hooks.hover({ kind: "nothing" }, 0, 0), { signal });
    // Not passive: the page must not scroll or zoom along.
    canvas.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
  }

  stop(): void {
    this.stopListening.abort();
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) return;
    const finger = this.placeOf(event);
    this.fingers.set(event.pointerId, finger);
    this.canvas.setPointerCapture(event.pointerId);
    if (this.fingers.size > 1) {
      this.isDrag = true;
      return;
    }
    this.isDrag = false;
    this.pressed = { ...finger, target: this.timeline.targetAt(finger.cssX, finger.cssY) };
  }

  private move(event: PointerEvent): void {
    const now = this.placeOf(event);
    const before = this.fingers.get(event.pointerId);
    if (!before || !this.pressed) {
      const target = this.timeline.targetAt(now.cssX, now.cssY);
      this.canvas.style.cursor =
        target.kind === "bar" || target.kind === "head" ? "pointer" : target.kind === "overview" ? "crosshair" : "grab";
      this.hooks.hover(target, now.cssX, now.cssY);
      return;
    }
    if (this.fingers.size === 2) this.pinch(event.pointerId, now);
    this.fingers.set(event.pointerId, now);
    if (this.fingers.size > 1) return;
    this.isDrag ||= Math.hypot(now.cssX - this.pressed.cssX, now.cssY - this.pressed.cssY) > CLICK_X;
    if (!this.isDrag) return;
    this.hooks.hover({ kind: "nothing" }, 0, 0);
    if (this.pressed.target.kind === "overview") {
      const { timeline } = this;
      timeline.look(spanBetween(timeline.overviewTimeAt(this.pressed.cssX), timeline.overviewTimeAt(now.cssX)));
      return;
    }
    this.canvas.style.cursor = "grabbing";
    if (now.cssX !== before.cssX) this.timeline.panX(before.cssX - now.cssX);
    this.timeline.scrollY(before.cssY - now.cssY);
  }

  private up(event: PointerEvent): void {
    const { pressed, isDrag } = this;
    this.lift(event);
    if (isDrag || !pressed) return;
    if (pressed.target.kind === "bar") this.hooks.choose(pressed.target.slot);
    else if (pressed.target.kind === "head") this.hooks.toggle(pressed.target.key);
    else if (pressed.target.kind === "overview") this.centre(pressed.cssX);
    else this.hooks.choose(null);
  }

  private lift(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    if (this.fingers.size === 0) this.pressed = null;
  }

  /** Look at a time of the overview, as closely as now. */
  private centre(cssX: number): void {
    const { timeline } = this;
    const atUs = timeline.overviewTimeAt(cssX);
    const halfUs = (timeline.span.toUs - timeline.span.fromUs) / 2;
    timeline.look({ fromUs: atUs - halfUs, toUs: atUs + halfUs });
  }

  private pinch(moved: number, now: Finger): void {
    const before = this.fingers.get(moved) as Finger;
    const other = [...this.fingers].find(([id]) => id !== moved)?.[1] as Finger;
    const wasX = Math.max(20, Math.abs(before.cssX - other.cssX));
    const isX = Math.max(20, Math.abs(now.cssX - other.cssX));
    this.timeline.zoom(wasX / isX, other.cssX);
  }

  private wheel(event: WheelEvent): void {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_Y : 1;
    const { cssX } = this.placeOf(event);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.timeline.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY * unit)) * 0.008), cssX);
      return;
    }
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      event.preventDefault();
      this.timeline.panX(sideways * unit);
    } else if (this.timeline.scrollY(event.deltaY * unit)) {
      event.preventDefault();
    }
  }

  private placeOf(event: MouseEvent): Finger {
    const box = this.canvas.getBoundingClientRect();
    return { cssX: event.clientX - box.left, cssY: event.clientY - box.top };
  }
}
