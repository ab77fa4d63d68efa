/** The live table of requests, newest first, of which only the rows in view exist. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { Slots } from "../lib/slots";
import { scrollTopFor, windowOf } from "../lib/virtual";
import { connection, health } from "../state/connection";
import { active, filter, hovered, listing, loaded, paused, records, revision, setFilter, setPaused } from "../state/live";
import { worstOf } from "../state/groups";
import { RequestRow } from "./request-row";

const COLUMNS = [
  ["c-time", "Time"],
  ["c-level", "Finding"],
  ["c-user", "User"],
  ["c-request", "Request"],
  ["c-status", "Status"],
  ["c-duration", "Duration"],
  ["c-process", "Process"],
  ["c-thread", "Thread"],
  ["c-task", "Task"],
  ["c-shared", "Same thread"],
] as const;

/** Below this width, in CSS pixels, a row takes two lines. */
const NARROW_X = 640;
const ROW_Y = 28;
const NARROW_ROW_Y = 54;
const HEAD_Y = 26;

export function RequestTable() {
  const scroller = useRef<HTMLDivElement>(null);
  const goal = useRef<string | null>(null);
  const slots = useState(() => new Slots())[0];
  const scrollTop = useSignal(0);
  const size = useSignal({ width: 1_000, height: 600 });
  revision.value;
  const narrow = size.value.width < NARROW_X;
  const rowY = narrow ? NARROW_ROW_Y : ROW_Y;
  const { rows } = listing;
  const { first, end } = windowOf(scrollTop.value, size.value.height, rowY, rows.length);
  const shown = Array.from({ length: end - first }, (_, place) => rows[rows.length - 1 - first - place]).filter(
    (row) => row !== undefined,
  );
  const places = slots.assign(
    shown.map(({ request }) => request.id),
    !paused.value,
  );
  const stop = shown.find((row) => row.request.id === active.value) ?? shown[0];

  useLayoutEffect(() => {
    const view = scroller.current as HTMLDivElement;
    const observer = new ResizeObserver(() => (size.value = measure(view)));
    observer.observe(view);
    return () => observer.disconnect();
  }, [size]);

  useEffect(() => {
    if (!paused.value && scroller.current) scroller.current.scrollTop = 0;
  }, [paused.value]);

  // The row that keys or a link lead to is brought into view, and gets the focus if that is here or nowhere. It may
  // take two renders until the row exists: one in which the list is long enough to scroll, one after scrolling.
  useSignalEffect(() => {
    const id = active.value;
    if (loaded.value && paused.peek()) goal.current = id;
  });
  useLayoutEffect(() => {
    const row = goal.current === null ? undefined : records.row(goal.current);
    const index = row ? listing.indexOf(row) : -1;
    const view = scroller.current;
    if (index < 0 || !view) return;
    view.scrollTop = scrollTopFor(rows.length - 1 - index, view.scrollTop, size.value.height, rowY);
    if (row !== stop) return;
    goal.current = null;
    if (document.activeElement !== document.body && !view.contains(document.activeElement)) return;
    view.querySelector<HTMLElement>('.row[tabindex="0"]')?.focus({ preventScroll: true });
  });

  function onScroll(): void {
    const top = scroller.current?.scrollTop ?? 0;
    scrollTop.value = top;
    if (top > rowY / 2) setPaused(true);
  }

  return (
    <section class="requests" aria-label="Requests">
      <div
        role="grid"
        aria-label="Requests, newest first"
        aria-rowcount={rows.length + 1}
        aria-colcount={COLUMNS.length}
        class={narrow ? "grid is-narrow" : "grid"}
        ref={scroller}
        onScroll={onScroll}
        onPointerDown={() => setPaused(true)}
        onMouseOver={(event) => (hovered.value = threadAt(event.target))}
        onMouseLeave={() => (hovered.value = null)}
      >
        <div role="rowgroup" class="grid-head">
          <div role="row" class="head" aria-rowindex={1}>
            {COLUMNS.map(([name, title]) => (
              <span key={name} role="columnheader" class={name}>
                {title}
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" class="grid-body" style={{ height: `${rows.length * rowY}px` }}>
          <div role="presentation" class="grid-window" style={{ transform: `translateY(${first * rowY}px)` }}>
            {shown.map(({ request }, place) => (
              <RequestRow
                key={places[place]}
                request={request}
                index={first + place}
                process={records.process(request.process)}
                sharing={records.thread(request.process, request.thread_serial)?.sharing}
                level={worstOf(records.findingsOf(request.id).map((finding) => finding.level))}
                tabStop={request === stop?.request}
              />
            ))}
          </div>
        </div>
      </div>
      {rows.length === 0 && <NothingHere />}
    </section>
  );
}

/** Return the size that the rows have for themselves: the head stays in view above them, unless rows are narrow. */
function measure(view: HTMLElement): { width: number; height: number } {
  const { clientWidth, clientHeight } = view;
  return { width: clientWidth, height: clientHeight - (clientWidth < NARROW_X ? 0 : HEAD_Y) };
}

function threadAt(target: EventTarget | null): string | null {
  const row = target instanceof Element ? target.closest<HTMLElement>("[data-thread]") : null;
  return row?.dataset.thread ?? null;
}

function NothingHere() {
  if (health.value.store === "unreachable") {
    return (
      <div class="empty">
        <h2>The store cannot be reached</h2>
        <p>{health.value.message}</p>
        <p>Requests show here as soon as it answers.</p>
      </div>
    );
  }
  if (!loaded.value) {
    const waiting = connection.value.state !== "connecting";
    return <div class="empty">{waiting ? <h2>Not connected</h2> : <h2>Connecting…</h2>}</div>;
  }
  if (records.rows.length > 0 && filter.value.terms.length > 0) {
    return (
      <div class="empty">
        <h2>Nothing matches the filter</h2>
        <p>Requests that arrive and match will show here.</p>
        <button type="button" onClick={() => setFilter("")}>
          Clear the filter
        </button>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>No request recorded yet</h2>
      <p>Send a request to your application; it shows here within a second.</p>
      <p>If it does not, check that the middleware stands first in the settings:</p>
      <pre>MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", …]</pre>
    </div>
  );
}
