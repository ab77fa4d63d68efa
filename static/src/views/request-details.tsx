/** Details of the chosen request: what it was, where it ran, and who shared its thread. */

import type { ComponentChildren } from "preact";

import { deploymentOf } from "../lib/answer";
import { withKey } from "../lib/filter";
import { dateAndTime, duration, plural } from "../lib/format";
import { userName } from "../lib/people";
import type { Process, Request, RequestDetail, Thread } from "../protocol";
import { detail } from "../state/detail";
import { choose, chosen, filterText, records, revision, setFilter } from "../state/live";
import { FindingNotes } from "./finding-notes";
import { Hops } from "./hops";
import { RunningTime, SHARING_MEANS, SharingMark, Status, UserName } from "./marks";
import { Neighbours } from "./neighbours";
import { Fact, Panel } from "./panel";

export function RequestDetails() {
  const id = chosen.value;
  revision.value;
  if (id === null) return null;
  const fetched = detail.value;
  const full = fetched?.state === "ready" && fetched.id === id ? fetched.detail : null;
  const request = records.row(id)?.request ?? full?.request;
  return (
    <Panel of={id} title={request ? <Line request={request} /> : "Request"} onClose={() => choose(null)}>
      {request && <Facts request={request} full={full} />}
      {!full && fetched?.state === "loading" && <p class="hint">Fetching details…</p>}
      {fetched?.state === "failed" && <p class="problems">{fetched.message}</p>}
      {full && <Neighbours detail={full} />}
      {request && <Identifiers request={request} />}
    </Panel>
  );
}

function Line({ request }: { request: Request }) {
  return (
    <>
      <span class="method">{request.method}</span> {request.path}
    </>
  );
}

function Facts({ request, full }: { request: Request; full: RequestDetail | null }) {
  const process = records.process(request.process) ?? full?.process ?? undefined;
  const thread = records.thread(request.process, request.thread_serial) ?? full?.thread ?? undefined;
  const known = records.findingsOf(request.id);
  return (
    <>
      <p class="summary">
        <UserName user={request.user} /> <Status request={request} />
        <span class="took">
          {request.outcome === "open" ? <RunningTime startNs={request.start_ns} /> : duration(request.duration_ns)}
        </span>
      </p>
      <FindingNotes findings={known.length > 0 ? known : (full?.findings ?? [])} />
      <dl class="facts">
        <Fact name="User">
          <Filtering by="user" value={userValue(request)}>
            {userName(request.user)}
          </Filtering>
          {request.user.id !== null && <span class="aside"> id {request.user.id}</span>}
          {request.user.state === "unresolved" && <span class="aside"> nothing in it asked for its user</span>}
        </Fact>
        <Fact name="Thread">
          <WhichThread request={request} thread={thread} />
        </Fact>
        <Fact name="Process">
          <WhichProcess request={request} process={process} />
        </Fact>
        {request.task_serial !== null && <Fact name="Task">{`${request.task_name ?? "task"} #${request.task_serial}`}</Fact>}
        {request.greenlet_serial !== null && <Fact name="Greenlet">#{request.greenlet_serial}</Fact>}
        <Fact name="View">{request.view || <span class="aside">none: no view was reached</span>}</Fact>
        {request.route && <Fact name="Route">{request.route}</Fact>}
        {request.query_string !== null && <Fact name="Query">{request.query_string || "–"}</Fact>}
        <Fact name="Began">{dateAndTime(request.start_ns)}</Fact>
      </dl>
      <Hops request={request} />
    </>
  );
}

function WhichThread({ request, thread }: { request: Request; thread: Thread | undefined }) {
  return (
    <>
      <Filtering by="thread" value={String(request.thread_serial)}>
        {request.thread_name} #{request.thread_serial}
      </Filtering>
      {thread && (
        <span class="aside below">
          <SharingMark sharing={thread.sharing} word /> {SHARING_MEANS[thread.sharing]}
        </span>
      )}
    </>
  );
}

function WhichProcess({ request, process }: { request: Request; process: Process | undefined }) {
  return (
    <>
      <Filtering by="process" value={String(request.pid)}>
        pid {request.pid}
      </Filtering>
      {process && (
        <span class="aside below">
          {deploymentOf(process)} ({process.interface}) on {process.host}, {plural(process.requests, "request")}
        </span>
      )}
    </>
  );
}

/** Every identifier there is, for those who search logs with them. */
function Identifiers({ request }: { request: Request }) {
  const all: [string, string | number | null][] = [
    ["Request id", request.id],
    ["Process id", request.process],
    ["Thread ident", request.thread_id],
    ["Native thread id", request.native_thread_id],
    ["Greenlet id", request.greenlet_id],
    ["Task id", request.task_id],
    ["Loop id", request.loop_id],
    ["Session (keyed hash)", request.session],
    ["Trace id", request.trace_id],
    ["Parent span id", request.parent_span_id],
    ["Protocol", request.protocol],
    ["Outcome", request.outcome],
  ];
  return (
    <details class="identifiers">
      <summary>All identifiers</summary>
      <dl class="facts">
        {all.map(([name, value]) => value !== null && <Fact key={name} name={name}>{value}</Fact>)}
      </dl>
    </details>
  );
}

/** A value that filters the table by itself. */
function Filtering({ by, value, children }: { by: string; value: string; children: ComponentChildren }) {
  return (
    <button
      type="button"
      class="value"
      title={`Filter by ${by}:${value}`}
      onClick={() => setFilter(withKey(filterText.value, by, value))}
    >
      {children}
    </button>
  );
}

function userValue({ user }: Request): string {
  return user.label ?? user.id ?? user.state;
}
