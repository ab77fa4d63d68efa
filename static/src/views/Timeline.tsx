/** Who ran where, over time: the canvas, and what stands around it as ordinary elements. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { COLOUR_BY, type ColourBy } from "../lib/colour";
import { count, duration } from "../lib/format";
import { LEVEL_NAMES } from "../lib/kinds";
import { userName } from "../lib/people";
import { t } from "../lib/text";
import type { Request } from "../protocol/records";
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
  // On a phone what was found goes first: the drawing is there when asked for.
  const folded = useSignal(matchMedia("(max-width: 599px)").matches);

  useEffect(() => {
    const { timeline, stop } = mountTimeline(canvas.current as HTMLCanvasElement, probe.current as HTMLElement, tip);
    drawing.current = timeline;
    return stop;
  }, [tip]);

  return (
    <section class={folded.value ? "timeline-section is-folded" : "timeline-section"} aria-labelledby="timeline-title">
      <div class="timeline-tools">
        <h2 id="timeline-title">
          <button type="button" class="fold" aria-expanded={!folded.value} onClick={() => (folded.value = !folded.value)}>
            {t("Timeline")}
          </button>
        </h2>
        <ColourPicker />
        <Legend />
        <div class="timeline-actions">
          <Resume />
          <button type="button" title={t("Zoom out (-)")} aria-label={t("Zoom out")} onClick={() => drawing.current?.zoom(ZOOM)}>
            −
          </button>
          <button
            type="button"
            title={t("Zoom in (+)")}
            aria-label={t("Zoom in")}
            onClick={() => drawing.current?.zoom(1 / ZOOM)}
          >
            +
          </button>
          <button type="button" title={t("Show everything (0)")} onClick={() => drawing.current?.showAll()}>
            {t("All")}
          </button>
          <button
            type="button"
            title={t("Save what shows as a picture")}
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
          aria-label={t("Timeline of requests by thread")}
          aria-describedby="timeline-how"
        />
        <span ref={probe} class="timeline-probe" />
        <TimelineTip tip={tip} />
      </div>
      <p id="timeline-how" class="unseen">
        {t(
          "Arrow keys walk from request to request, comma and full stop from finding to finding; the question mark lists all keys. The table below holds the same requests.",
        )}
      </p>
      <Spoken />
    </section>
  );
}

const COLOUR_BY_NAMES: Record<ColourBy, string> = {
  user: t("user"),
  route: t("route"),
  status: t("status"),
  process: t("process"),
};

function ColourPicker() {
  return (
    <label>
      {t("Colour")}
      <select value={colourBy.value} onChange={(event) => (colourBy.value = event.currentTarget.value as ColourBy)}>
        {COLOUR_BY.map((by) => (
          <option key={by} value={by}>
            {COLOUR_BY_NAMES[by]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Legend() {
  return (
    <ul class="timeline-legend" aria-label={t("What the marks mean")}>
      <li>
        <span class="timeline-key at-once" /> {t("several requests on one thread at once")}
      </li>
      <li>
        <span class="timeline-key is-leak" /> {LEVEL_NAMES.leak}
      </li>
      <li>
        <span class="timeline-key is-hazard" /> {LEVEL_NAMES.hazard}
      </li>
    </ul>
  );
}

/** Bring back a timeline that was let go of. */
function Resume() {
  revision.value;
  if (!paused.value) return null;
  return (
    <button type="button" class="resume" title={t("Follow arriving requests (F)")} onClick={() => setPaused(false)}>
      {listing.waiting > 0 ? t("+{n} new", { n: count(listing.waiting) }) : t("Follow")}
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
  const length = request.outcome === "open" ? t("running") : duration(request.duration_ns);
  const levels = [...new Set(records.findingsOf(request.id).map(({ level }) => LEVEL_NAMES[level]))];
  const who = `${userName(request.user)}, ${request.method} ${request.path}, ${length}`;
  const where = t("on {thread} of process {pid}", { thread: request.thread_name, pid: request.pid });
  return [who, where, ...levels].join(", ");
}

function save(picture: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = "reqtrace-timeline.png";
  link.click();
  URL.revokeObjectURL(link.href);
}
