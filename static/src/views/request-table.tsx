/** The live table of requests, of which only the rows in view exist. */

import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { type Column, layOut } from "../lib/columns";
import { Slots } from "../lib/slots";
import { t } from "../lib/text";
import { scrollTopFor, windowOf } from "../lib/virtual";
import { worstOf } from "../state/groups";
import { history, loadHistory } from "../state/history";
import { active, hovered, listing, loaded, paused, records, revision, setPaused, sort } from "../state/live";
import { columns, tableX } from "../state/table";
import { NothingHere } from "./nothing-here";
import { RequestRow } from "./request-row";
import { TableFoot } from "./table-foot";
import { TableHead } from "./table-head";

/** Below this width, in CSS pixels, a row takes two lines. */
const NARROW_X = 640;
const ROW_Y = 28;
const NARROW_ROW_Y = 54;
const HEAD_Y = 26;
/** As close to the end, in CSS pixels, older requests are loaded. */
const END_Y = 400;
/** What a row of two lines has room for. */
const NARROW_COLUMNS: readonly Column[] = ["request", "status", "duration", "user", "thread", "level", "time"];

export function RequestTable() {
  const scroller = useRef<HTMLDivElement>(null);
  /** The request that keys or a link led to last, and the one whose row is still to be brought into view. */
  const led = useRef<string | null>(null);
  const goal = useRef<string | null>(null);
  const slots = useState(() => new Slots())[0];
  const scrollTop = useSignal(0);
  const viewY = useSignal(600);
  revision.value;
  active.value;
  const narrow = tableX.value < NARROW_X;
  const rowY = narrow ? NARROW_ROW_Y : ROW_Y;
  const { length } = listing;
  const { first, end } = windowOf(scrollTop.value, viewY.value, rowY, length);
  const shown = Array.from({ length: end - first }, (_, place) => listing.at(first + place)).filter(
    (row) => row !== undefined,
  );
  const { tracks, leastX } = layOut(columns.value);
  const places = slots.assign(
    shown.map(({ request }) => request.id),
    !paused.value,
  );
  const stop = shown.find((row) => row.request.id === active.value) ?? shown[0];

  useLayoutEffect(() => {
    const view = scroller.current as HTMLDivElement;
    const observer = new ResizeObserver(() => {
      tableX.value = view.clientWidth;
      // The head stays in view above the rows, unless these are narrow.
      viewY.value = view.clientHeight - (view.clientWidth < NARROW_X ? 0 : HEAD_Y);
    });
    observer.observe(view);
    return () => observer.disconnect();
  }, [viewY]);

  useEffect(() => {
    if (!paused.value && scroller.current) scroller.current.scrollTop = 0;
  }, [paused.value]);
  useEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
  }, [sort.value.by, sort.value.down]);

  // The row that keys or a link lead to is brought into view, and gets the focus if that is here or nowhere. It may
  // take two renders until the row exists: one in which the list is long enough to scroll, one after scrolling.
  useLayoutEffect(() => {
    if (loaded.value && paused.value && led.current !== active.value) goal.current = led.current = active.value;
    const row = goal.current === null ? undefined : records.row(goal.current);
    const place = row ? listing.placeOf(row) : -1;
    const view = scroller.current;
    if (place < 0 || !view) return;
    view.scrollTop = scrollTopFor(place, view.scrollTop, viewY.value, rowY);
    if (row !== stop) return;
    goal.current = null;
    if (document.activeElement !== document.body && !view.contains(document.activeElement)) return;
    view.querySelector<HTMLElement>('.row[tabindex="0"]')?.focus({ preventScroll: true });
  });

  function onScroll(): void {
    const view = scroller.current;
    if (!view) return;
    scrollTop.value = view.scrollTop;
    if (view.scrollTop <= rowY / 2) return;
    setPaused(true);
    const isAtEnd = view.scrollTop + view.clientHeight > view.scrollHeight - END_Y;
    if (isAtEnd && sort.value.by === "time" && sort.value.down && history.value.state === "more") void loadHistory();
  }

  return (
    <section class="requests" aria-label={t("Requests")}>
      <div
        class={narrow ? "grid is-narrow" : "grid"}
        style={{ "--rt-tracks": tracks, "--rt-least": `${leastX}px` }}
        ref={scroller}
        onScroll={onScroll}
      >
        <div
          role="grid"
          class="grid-table"
          aria-label={t("Requests")}
          aria-rowcount={length + 1}
          aria-colcount={columns.value.length}
          onMouseOver={(event) => (hovered.value = threadAt(event.target))}
          onMouseLeave={() => (hovered.value = null)}
        >
          <TableHead />
          <div
            role="rowgroup"
            class="grid-body"
            style={{ height: `${length * rowY}px` }}
            onPointerDown={() => setPaused(true)}
          >
            <div role="presentation" class="grid-window" style={{ transform: `translateY(${first * rowY}px)` }}>
              {shown.map(({ request }, place) => (
                <RequestRow
                  key={places[place]}
                  columns={narrow ? NARROW_COLUMNS : columns.value}
                  request={request}
                  place={first + place}
                  process={records.process(request.process)}
                  sharing={records.thread(request.process, request.thread_serial)?.sharing}
                  level={worstOf(records.findingsOf(request.id).map((finding) => finding.level))}
                  tabStop={request === stop?.request}
                />
              ))}
            </div>
          </div>
        </div>
        <TableFoot />
      </div>
      {length === 0 && <NothingHere />}
    </section>
  );
}

function threadAt(target: EventTarget | null): string | null {
  const row = target instanceof Element ? target.closest<HTMLElement>("[data-thread]") : null;
  return row?.dataset.thread ?? null;
}
