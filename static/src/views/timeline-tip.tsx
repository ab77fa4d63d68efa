/** What stands under the pointer on the timeline, in words. */

import type { ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import { duration, methodOf } from "../lib/format";
import { t } from "../lib/text";
import { records } from "../state/live";
import { LevelMark, RunningTime, Status, UserName } from "./marks";
import type { Tip } from "./timeline-mount";

/** How far from the pointer it stands, in CSS pixels. */
const AWAY = 14;

export function TimelineTip({ tip }: { tip: ReadonlySignal<Tip | null> }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const place = tip.value;
    const own = box.current;
    const around = own?.parentElement;
    if (!place || !own || !around) return;
    const right = place.cssX + AWAY;
    const below = place.cssY + AWAY;
    const fitsRight = right + own.offsetWidth < around.clientWidth;
    const fitsBelow = below + own.offsetHeight < around.clientHeight;
    own.style.left = `${fitsRight ? right : Math.max(4, place.cssX - AWAY - own.offsetWidth)}px`;
    own.style.top = `${fitsBelow ? below : Math.max(4, place.cssY - AWAY - own.offsetHeight)}px`;
  });
  if (!tip.value) return null;
  const { request } = tip.value;
  const findings = records.findingsOf(request.id);
  return (
    <div class="timeline-tip" ref={box} aria-hidden="true">
      <p>
        <UserName user={request.user} /> <span class="method">{methodOf(request)}</span> {request.path}
      </p>
      <p class="where">
        <Status request={request} />{" "}
        {request.outcome === "open" ? <RunningTime startNs={request.start_ns} /> : duration(request.duration_ns)} ·{" "}
        {request.thread_name} #{request.thread_serial} · {t("pid {pid}", { pid: request.pid })}
      </p>
      {findings.map((finding) => (
        <p key={finding.id} class="what">
          <LevelMark level={finding.level} /> <span lang="en">{finding.message}</span>
        </p>
      ))}
    </div>
  );
}
