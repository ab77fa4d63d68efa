/** One row of the table. */

import { deploymentOf } from "../lib/answer";
import { count, duration, timeOfDay } from "../lib/format";
import type { Process, Request, SameThread, Sharing } from "../protocol";
import { active, choose, chosen, chosenThread, hovered, setPaused } from "../state/live";
import { threadKey } from "../state/records";
import { LevelMark, RunningTime, SharingMark, Status, ThreadName, UserName } from "./marks";

interface Props {
  request: Request;
  /** Place in the table, newest first, from 0. */
  index: number;
  process: Process | undefined;
  sharing: Sharing | undefined;
  level: "leak" | "hazard" | "notice" | undefined;
  /** Whether Tab leads here: one row of the table is a tab stop. */
  tabStop: boolean;
}

export function RequestRow({ request, index, process, sharing, level, tabStop }: Props) {
  const { id } = request;
  const thread = threadKey(request.process, request.thread_serial);
  const isChosen = chosen.value === id;
  const classes = [
    "row",
    index % 2 === 1 && "is-odd",
    hovered.value === thread && "is-lit",
    chosenThread.value === thread && "is-pinned",
    isChosen && "is-chosen",
    level && `has-${level}`,
  ];
  return (
    <div
      role="row"
      class={classes.filter(Boolean).join(" ")}
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      tabIndex={tabStop ? 0 : -1}
      data-thread={thread}
      onClick={() => choose(id)}
      onFocus={() => focus(id)}
    >
      <span role="gridcell" class="c-time">
        <Time timeNs={request.start_ns} />
      </span>
      <span role="gridcell" class="c-level">
        {level && <LevelMark level={level} />}
      </span>
      <span role="gridcell" class="c-user">
        <UserName user={request.user} />
      </span>
      <span role="gridcell" class="c-request" title={request.view ? `${request.path}\n${request.view}` : request.path}>
        <span class="method">{request.protocol === "websocket" ? "WS" : request.method}</span> {request.path}
      </span>
      <span role="gridcell" class="c-status">
        <Status request={request} />
      </span>
      <span role="gridcell" class="c-duration">
        {request.outcome === "open" ? <RunningTime startNs={request.start_ns} /> : duration(request.duration_ns)}
      </span>
      <span role="gridcell" class="c-process">
        {request.pid} {process && <span class="server">{deploymentOf(process)}</span>}
      </span>
      <span role="gridcell" class="c-thread" title={`${request.thread_name}, native id ${request.native_thread_id}`}>
        {sharing && <SharingMark sharing={sharing} />}
        <ThreadName name={request.thread_name} /> <span class="serial">#{request.thread_serial}</span>
      </span>
      <span role="gridcell" class="c-task">
        {taskOf(request)}
      </span>
      <span role="gridcell" class="c-shared">
        <Shared by={request.same_thread} />
      </span>
    </div>
  );
}

/** Write when a request began; a narrow row leaves the milliseconds out. */
function Time({ timeNs }: { timeNs: number }) {
  const time = timeOfDay(timeNs);
  return (
    <>
      {time.slice(0, 8)}
      <span class="ms">{time.slice(8)}</span>
    </>
  );
}

/** Walk on from a row that got the focus; the table is held, or the row would take the focus away with it. */
function focus(id: string): void {
  setPaused(true);
  active.value = id;
}

function taskOf({ task_name, task_serial, greenlet_serial }: Request): string {
  if (task_serial !== null) return task_name ?? `task ${task_serial}`;
  return greenlet_serial !== null ? `greenlet ${greenlet_serial}` : "–";
}

function Shared({ by: { before, at_once } }: { by: SameThread }) {
  if (before === 0 && at_once === 0) return <span class="first">first</span>;
  return (
    <>
      {before > 0 && <span class="before">{count(before)} before</span>}
      {at_once > 0 && <span class="at-once">{count(at_once)} at once</span>}
    </>
  );
}
