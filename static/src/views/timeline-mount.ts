/** Ties the timeline's canvas to the state of the page. */

import { effect, type Signal } from "@preact/signals";

import { matches } from "../lib/filter";
import type { Request } from "../protocol/records";
import { serverTimeNs } from "../state/clock";
import {
  changeListeners,
  choose,
  chosen,
  chosenThread,
  filter,
  hovered,
  paused,
  records,
  setPaused,
} from "../state/live";
import { known } from "../state/marks";
import { type Row, threadKey } from "../state/records";
import { collapsed, colourBy, noteStretch, type Stretch, stretch, toggleProcess } from "../state/timeline";
import { actOnKey } from "../timeline/keys";
import { Model, type Source } from "../timeline/model";
import { Pointer } from "../timeline/pointer";
import type { Target } from "../timeline/target";
import { watchPixelRatio, watchTheme } from "../timeline/theme";
import { Timeline } from "../timeline/timeline";

/** A request under the pointer, and where on the canvas. */
export interface Tip {
  request: Request;
  cssX: number;
  cssY: number;
}

/** What the timeline reads: the records, but for findings that are known. */
const source: Source = {
  get rows() {
    return records.rows;
  },
  process: (id) => records.process(id),
  thread: (process, serial) => records.thread(process, serial),
  jobsOf: (sender) => records.jobsOf(sender),
  findingsOf: (request) => records.findingsOf(request).filter((finding) => !known.peek().has(finding.group)),
};

/** Bring the canvas to life; returns it, and how to end that. */
export function mountTimeline(
  canvas: HTMLCanvasElement,
  probe: HTMLElement,
  tip: Signal<Tip | null>,
): { timeline: Timeline; stop(): void } {
  const model = new Model(source, Math.floor(serverTimeNs() / 1e9) * 1e9);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const address = new StretchInAddress(model);
  const timeline = new Timeline(canvas, probe, model, {
    nowNs: serverTimeNs,
    isCalm: () => calm.matches,
    held(span) {
      setPaused(true);
      address.write(span);
    },
  });

  const chooseSlot = (slot: number | null): void => choose(slot === null ? null : model.rowAt(slot).request.id);
  const pointer = new Pointer(canvas, timeline, {
    choose: chooseSlot,
    toggle: toggleProcess,
    hover(target, cssX, cssY) {
      const request = target.kind === "bar" ? model.rowAt(target.slot).request : null;
      timeline.setHovered(target.kind === "bar" ? target.slot : undefined);
      hovered.value = threadOf(target, request);
      tip.value = request && { request, cssX, cssY };
    },
  });
  const listening = new AbortController();
  const { signal } = listening;
  const keys = { choose: chooseSlot, toggle: toggleProcess, follow: () => setPaused(false) };
  canvas.addEventListener("keydown", (event) => actOnKey(event, timeline, keys) && event.preventDefault(), { signal });
  canvas.addEventListener("focus", () => timeline.setFocusVisible(canvas.matches(":focus-visible")), { signal });
  canvas.addEventListener("blur", () => timeline.setFocusVisible(false), { signal });
  const resizing = new ResizeObserver(() => timeline.resize());
  resizing.observe(canvas);

  const takeChange: Parameters<typeof changeListeners.add>[0] = (change) => {
    if (change) {
      model.apply({ ...change, findings: change.findings.filter((finding) => !known.peek().has(finding.group)) });
      timeline.schedule();
      return;
    }
    model.rebuild();
    timeline.begin(address.read());
    timeline.setChosen(chosen.peek());
  };
  const stops = [
    effect(() => {
      known.value;
      const { value } = filter;
      const accepts = ({ request }: Row): boolean => matches(value, request, (id) => records.findingsOf(id));
      model.setFilter(value.terms.length > 0 ? accepts : null);
      timeline.redraw();
    }),
    effect(() => {
      model.setColourBy(colourBy.value);
      timeline.redraw();
    }),
    effect(() => timeline.setCollapsed(collapsed.value)),
    effect(() => timeline.setLit(new Set([hovered.value, chosenThread.value]))),
    effect(() => timeline.setFollowing(!paused.value)),
    effect(() => {
      const wanted = stretch.value;
      if (wanted && wanted !== address.written) timeline.begin(address.read());
    }),
    effect(() => timeline.setChosen(chosen.value)),
    watchTheme(() => timeline.retheme()),
    watchPixelRatio(() => timeline.resize()),
  ];
  timeline.begin(address.read());
  timeline.setChosen(chosen.peek());
  changeListeners.add(takeChange);

  return {
    timeline,
    stop() {
      changeListeners.delete(takeChange);
      for (const stop of stops) stop();
      listening.abort();
      resizing.disconnect();
      pointer.stop();
      timeline.stop();
      hovered.value = null;
    },
  };
}

function threadOf(target: Target, request: Request | null): string | null {
  if (request) return threadKey(request.process, request.thread_serial);
  return target.kind === "lane" ? target.thread : null;
}

/** The stretch that the timeline shows, between the canvas and the page's state. */
class StretchInAddress {
  /** What was written from here, to be told from what an address says. */
  written: Stretch | null = null;

  constructor(private readonly model: Model) {}

  read(): { fromUs: number; toUs: number } | null {
    const { value } = stretch;
    return value && { fromUs: this.model.timeUs(value.fromMs * 1e6), toUs: this.model.timeUs(value.toMs * 1e6) };
  }

  write({ fromUs, toUs }: { fromUs: number; toUs: number }): void {
    this.written = { fromMs: this.model.timeNs(fromUs) / 1e6, toMs: this.model.timeNs(toUs) / 1e6 };
    noteStretch(this.written);
  }
}
