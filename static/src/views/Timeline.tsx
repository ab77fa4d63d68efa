/** Who ran where, over time: the canvas, and what stands around it as ordinary elements. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { COLOUR_BY, type ColourBy } from "../lib/colour";
import { count, duration } from "../lib/format";
import { userName } from "../lib/people";
import type { Request } from "../protocol";
import { chosen, listing, paused, records, revision, setPaused } from "../state/live";
import { colourBy } from "../state/timeline";
import type { Timeline as Drawing } from "../timeline/timeline";
import { mountTimeline, type Tip } from "./timeline-mount";
import { TimelineTip } from "./timeline-tip";

const ZOOM = 1.5;

export function Timeline() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const tip = useSignal<Tip | null>(null);

  useEffect(() => {
    const { timeline, stop } = mountTimeline(canvas.current as HTMLCanvasElement, probe.current as HTMLElement, tip);
    drawing.current = timeline;
    return stop;
  }, [tip]);

  return (
    <section class="timeline-section" aria-labelledby="timeline-title">
      <div class="timeline-tools">
        <h2 id="timeline-title">Timeline</h2>
        <ColourPicker />
        <Legend />
        <div class="timeline-actions">
          <Resume />
          <button type="button" title="Zoom out (-)" aria-label="Zoom out" onClick={() => drawing.current?.zoom(ZOOM)}>
            −
          </button>
          <button
            type="button"
            title="Zoom in (+)"
            aria-label="Zoom in"
            onClick={() => drawing.current?.zoom(1 / ZOOM)}
          >
            +
          </button>
          <button type="button" title="Show everything (0)" onClick={() => drawing.current?.showAll()}>
            All
          </button>
          <button
            type="button"
            title="Save what shows as a picture"
            onClick={() => void drawing.current?.exportPng().then(save)}
          >
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
        <TimelineTip tip={tip} />
      </div>
      <p id="timeline-how" class="unseen">
        Arrow keys walk from request to request, comma and full stop from finding to finding; the question mark lists
        all keys. The table below holds the same requests.
      </p>
      <Spoken />
    </section>
  );
}

function ColourPicker() {
  return (
    <label>
      Colour
      <select value={colourBy.value} onChange={(event) => (colourBy.value = event.currentTarget.value as ColourBy)}>
        {COLOUR_BY.map((by) => (
          <option key={by} value={by}>
            {by}
          </option>
        ))}
      </select>
    </label>
  );
}

function Legend() {
  return (
    <ul class="timeline-legend" aria-label="What the marks mean">
      <li>
        <span class="timeline-key at-once" /> several requests on one thread at once
      </li>
      <li>
        <span class="timeline-key is-leak" /> leak
      </li>
      <li>
        <span class="timeline-key is-hazard" /> hazard
      </li>
    </ul>
  );
}

/** Bring back a timeline that was let go of. */
function Resume() {
  revision.value;
  if (!paused.value) return null;
  return (
    <button type="button" class="resume" title="Follow arriving requests (F)" onClick={() => setPaused(false)}>
      {listing.waiting > 0 ? `+${count(listing.waiting)} new` : "Follow"}
    </button>
  );
}

/** Read the chosen request out as the keys walk. */
function Spoken() {
  const words = useComputed(() => {
    revision.value;
    const request = chosen.value === null ? undefined : records.row(chosen.value)?.request;
    return request ? spoken(request) : "";
  });
  return (
    <p class="unseen" role="status">
      {words}
    </p>
  );
}

function spoken(request: Request): string {
  const length = request.outcome === "open" ? "running" : duration(request.duration_ns);
  const levels = [...new Set(records.findingsOf(request.id).map(({ level }) => level))];
  const who = `${userName(request.user)}, ${request.method} ${request.path}, ${length}`;
  return [who, `on ${request.thread_name} of process ${request.pid}`, ...levels].join(", ");
}

function save(picture: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = "reqtrace-timeline.png";
  link.click();
  URL.revokeObjectURL(link.href);
}
