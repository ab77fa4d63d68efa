/** Who ran where, over time: the canvas, and what stands around it as ordinary elements. */

import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { COLOUR_BY, type ColourBy } from "../lib/colour";
import { count, duration, runningFor } from "../lib/format";
import { matches } from "../lib/filter";
import { userName } from "../lib/people";
import type { Request } from "../protocol";
import { serverTimeNs } from "../state/clock";
import {
  changeListeners,
  choose,
  chosen,
  chosenThread,
  filter,
  hovered,
  listing,
  loaded,
  paused,
  records,
  revision,
  setPaused,
} from "../state/live";
import { hidden } from "../state/hidden";
import { threadKey } from "../state/records";
import { collapsed, colourBy, stretch, toggleProcess } from "../state/timeline";
import { actOnKey } from "../timeline/keys";
import { Model } from "../timeline/model";
import { Pointer } from "../timeline/pointer";
import { type Target, Timeline as Canvas } from "../timeline/timeline";
import { watchTheme } from "../timeline/theme";
import type { Span } from "../timeline/viewport";
import { LevelMark, Status, UserName } from "./marks";

/** How long a span must stand still until the address says it. */
const SETTLED_MS = 250;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

interface Tip {
  request: Request;
  cssX: number;
  cssY: number;
}

export function Timeline() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const timeline = useRef<Canvas>();
  const tip = useSignal<Tip | null>(null);

  useEffect(() => {
    const { drawing, stop } = mount(canvas.current as HTMLCanvasElement, probe.current as HTMLSpanElement, tip);
    timeline.current = drawing;
    return stop;
  }, []);

  return (
    <>
      <div class="timeline-tools">
        <h2 id="timeline-title">Timeline</h2>
        <ColourPicker />
        <Legend />
        <div class="timeline-actions">
          <Resume />
          <button type="button" title="Zoom out (-)" aria-label="Zoom out" onClick={() => timeline.current?.zoom(1.5)}>
            −
          </button>
          <button type="button" title="Zoom in (+)" aria-label="Zoom in" onClick={() => timeline.current?.zoom(1 / 1.5)}>
            +
          </button>
          <button type="button" title="Show everything (0)" onClick={() => timeline.current?.showAll()}>
            All
          </button>
          <button type="button" title="Save the timeline as a picture" onClick={() => void savePicture(timeline.current)}>
            PNG
          </button>
        </div>
      </div>
      <div class="timeline">
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label="Timeline of requests by thread"
          aria-describedby="timeline-how"
        />
        <span ref={probe} class="timeline-probe" />
        <TipBox tip={tip.value} />
      </div>
      <p id="timeline-how" class="unseen">
        Arrow keys walk from request to request, comma and full stop from finding to finding, question mark lists all keys. The
        table below holds the same requests.
      </p>
      <Spoken />
    </>
  );
}

/** Bring the canvas to life and tie it to the state of the page; returns how to end that. */
function mount(canvas: HTMLCanvasElement, probe: HTMLElement, tip: { value: Tip | null }): { drawing: Canvas; stop(): void } {
  const model = new Model(records, Math.floor(serverTimeNs() / 1e9) * 1e9);
  ...
}
