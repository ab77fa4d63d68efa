/** The way of a request over threads, tasks and greenlets: a small waterfall, of which each bar stands below its words. */

import { duration } from "../lib/format";
import { t } from "../lib/text";
import { type Lane, type Waterfall, waterfallOf } from "../lib/waterfall";
import type { Hop, Request } from "../protocol/records";
import { nowNs } from "../state/clock";
import { records } from "../state/live";

export function Hops({ request }: { request: Request }) {
  if (request.hops.length === 0) return null;
  const lengthNs = request.outcome === "open" ? nowNs.value - request.start_ns : request.duration_ns;
  const fall = waterfallOf(request, lengthNs);
  return (
    <>
      <h3>{t("Where it ran")}</h3>
      <ol class="hops">
        {fall.lanes.map((lane) => (
          <li key={`${lane.hop.at_ns}-${lane.hop.checkpoint}`}>
            <span class="at">{at(lane.fromNs)}</span>
            <span class="checkpoint">{lane.hop.checkpoint}</span>
            <span class="where">{placeOf(request, lane.hop)}</span>
            <Bar lane={lane} fall={fall} />
          </li>
        ))}
      </ol>
      <p class="hop-scale" aria-hidden="true">
        <span>0</span>
        <span>{duration(fall.lengthNs)}</span>
      </p>
      {fall.lanes.length > 1 && (
        <p class="hint">
          {t("Dark: seen here, and nowhere else until the next line. Pale: it may have come back. Strokes: checkpoints.")}
        </p>
      )}
    </>
  );
}

function Bar({ lane: { fromNs, untilNs }, fall }: { lane: Lane; fall: Waterfall }) {
  const share = (ns: number): string => `${((100 * ns) / fall.lengthNs).toFixed(2)}%`;
  return (
    <svg class="hop-bar" width="100%" height="10" aria-hidden="true">
      <rect class="perhaps" x={share(fromNs)} y="3" width={share(fall.lengthNs - fromNs)} height="4" />
      <rect class="surely" x={share(fromNs)} y="1" width={share(untilNs - fromNs)} height="8" />
      {fall.checkpoints.map(({ name, atNs }) => (
        <line key={name} x1={share(atNs)} x2={share(atNs)} y1="0" y2="10" />
      ))}
    </svg>
  );
}

function at(ns: number): string {
  return `+${ns === 0 ? "0" : duration(ns)}`;
}

function placeOf(request: Request, hop: Hop): string {
  const sameAsView = hop.thread_serial === request.thread_serial;
  const name = sameAsView ? request.thread_name : records.thread(request.process, hop.thread_serial)?.name;
  const parts = [`${name ?? t("thread")} #${hop.thread_serial}`];
  if (hop.task_serial !== null) parts.push(t("task #{n}", { n: hop.task_serial }));
  if (hop.greenlet_serial !== null) parts.push(t("greenlet #{n}", { n: hop.greenlet_serial }));
  return parts.join(" · ");
}
