/** What stands in each column of the table, and above it. */

import type { ComponentChildren } from "preact";

import { deploymentOf } from "../lib/answer";
import type { Column } from "../lib/columns";
import { count, duration, methodOf, timeOfDay } from "../lib/format";
import { userName } from "../lib/people";
import { t, tn } from "../lib/text";
import type { Level, Process, Request, SameThread, Sharing } from "../protocol/records";
import { LevelMark, RunningTime, SharingMark, Status, ThreadName, UserName } from "./marks";

/** A request, and what the page knows around it. */
export interface Told {
  request: Request;
  process: Process | undefined;
  sharing: Sharing | undefined;
  level: Level | undefined;
}

export const TITLES: Record<Column, string> = {
  time: t("Time"),
  level: t("Finding"),
  user: t("User"),
  request: t("Request"),
  status: t("Status"),
  duration: t("Duration"),
  process: t("Process"),
  thread: t("Thread"),
  task: t("Task"),
  shared: t("Same thread"),
  route: t("Route"),
  view: t("View"),
  session: t("Session"),
  trace: t("Trace id"),
};

/** One cell of a row. */
export function Cell({ column, told }: { column: Column; told: Told }) {
  return (
    <span role="gridcell" class={`c-${column}`} title={titleOf(column, told.request)}>
      {contentOf(column, told)}
    </span>
  );
}

function contentOf(column: Column, { request, process, sharing, level }: Told): ComponentChildren {
  switch (column) {
    case "time":
      return <Time timeNs={request.start_ns} />;
    case "level":
      return level && <LevelMark level={level} />;
    case "user":
      return <Person request={request} />;
    case "request":
      return (
        <>
          <span class="method">{methodOf(request)}</span> {request.path}
        </>
      );
    case "status":
      return <Status request={request} />;
    case "duration":
      return request.outcome === "open" ? <RunningTime startNs={request.start_ns} /> : duration(request.duration_ns);
    case "process":
      return (
        <>
          {request.pid} {process && <span class="server">{deploymentOf(process)}</span>}
        </>
      );
    case "thread":
      return (
        <>
          {sharing && <SharingMark sharing={sharing} />}
          <ThreadName name={request.thread_name} /> <span class="serial">#{request.thread_serial}</span>
        </>
      );
    case "task":
      return taskOf(request);
    case "shared":
      return <Shared by={request.same_thread} />;
    case "route":
      return request.route || "–";
    case "view":
      return request.view || "–";
    case "session":
      return request.session ?? "–";
    case "trace":
      return request.trace_id ?? "–";
  }
}

/** Whom a request is for; of a job that does not say, whose request sent it, shown as the guess that it is. */
function Person({ request: { user, presumed } }: { request: Request }) {
  if (user.state !== "unresolved" || !presumed) return <UserName user={user} />;
  return (
    <span class="presumed">
      <UserName user={presumed} />?
    </span>
  );
}

/** What is too long for its column, whole. */
function titleOf(column: Column, request: Request): string | undefined {
  switch (column) {
    case "request":
      return request.view ? `${request.path}\n${request.view}` : request.path;
    case "thread":
      return t("{thread}, native id {id}", { thread: request.thread_name, id: request.native_thread_id });
    case "user":
      return request.user.state === "unresolved" && request.presumed
        ? t("presumed: {name} sent it", { name: userName(request.presumed) })
        : userName(request.user);
    case "shared":
      return sharedInWords(request.same_thread);
    case "route":
      return request.route;
    case "view":
      return request.view;
    default:
      return undefined;
  }
}

function sharedInWords({ before, at_once: others }: SameThread): string {
  const earlier = tn("{n} earlier request on its thread", "{n} earlier requests on its thread", before);
  return others === 0 ? earlier : tn("{earlier}, {n} other in flight at the same time", "{earlier}, up to {n} others in flight at the same time", others, { earlier });
}

/** Write when a request began; a narrow row leaves the milliseconds out. */
function Time({ timeNs }: { timeNs: number }) {
  const time = timeOfDay(timeNs);
  return (
    <>
      {time.slice(0, -4)}
      <span class="ms">{time.slice(-4)}</span>
    </>
  );
}

function taskOf({ task_name, task_serial, greenlet_serial }: Request): string {
  if (task_serial !== null) return task_name ?? t("task {n}", { n: task_serial });
  return greenlet_serial !== null ? t("greenlet {n}", { n: greenlet_serial }) : "–";
}

function Shared({ by: { before, at_once } }: { by: SameThread }) {
  if (before === 0 && at_once === 0) return <span class="first">{t("first")}</span>;
  return (
    <>
      {before > 0 && <span class="before">{t("{n} before", { n: count(before) })}</span>}
      {at_once > 0 && <span class="at-once">{t("+{n} at once", { n: count(at_once) })}</span>}
    </>
  );
}
