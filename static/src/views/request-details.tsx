/** Details of the chosen request: what it was, where it ran, and who shared its thread. */

import type { ComponentChildren } from "preact";

import { deploymentOf, isWorker } from "../lib/answer";
import { curlOf } from "../lib/curl";
import { withKey } from "../lib/filter";
import { dateAndTime, duration, methodOf } from "../lib/format";
import { userName } from "../lib/people";
import { t, tn } from "../lib/text";
import type { RequestDetail } from "../protocol/messages";
import type { Process, Request, Thread } from "../protocol/records";
import { detail } from "../state/detail";
import { choose, chosen, filterText, listing, records, revision, setFilter } from "../state/live";
import { traceAddress } from "../state/trace-viewer";
import { CopyButton } from "./copy-button";
import { FindingNotes } from "./finding-notes";
import { Hops } from "./hops";
import { RunningTime, SHARING_MEANS, SharingMark, Status, UserName } from "./marks";
import { Messages } from "./messages";
import { Neighbours } from "./neighbours";
import { Fact, Panel } from "./panel";
import { Readings } from "./readings";
import { Sent } from "./sent";

export function RequestDetails() {
  const id = chosen.value;
  revision.value;
  if (id === null) return null;
  const fetched = detail.value;
  const full = fetched?.state === "ready" && fetched.id === id ? fetched.detail : null;
  const request = records.row(id)?.request ?? full?.request;
  return (
    <Panel of={id} title={request ? <Line request={request} /> : t("Request")} onClose={() => choose(null)}>
      {request && <Steps request={request} />}
      {request && <Facts request={request} full={full} />}
      {!full && fetched?.state === "loading" && <p class="hint">{t("Fetching details…")}</p>}
      {fetched?.state === "failed" && <p class="problems">{fetched.message}</p>}
      {full && <Neighbours detail={full} />}
      {request && <Identifiers request={request} />}
    </Panel>
  );
}

/** To the rows beside it, and out of the page. */
function Steps({ request }: { request: Request }) {
  const row = records.row(request.id);
  const place = row ? listing.placeOf(row) : -1;
  const step = (to: number, label: string, sign: string) => {
    const next = place < 0 ? undefined : listing.at(to);
    return (
      <button type="button" title={label} aria-label={label} disabled={!next} onClick={() => next && choose(next.request.id)}>
        {sign}
      </button>
    );
  };
  return (
    <p class="steps">
      {step(place - 1, t("Previous row (K)"), "↑")}
      {step(place + 1, t("Next row (J)"), "↓")}
      {request.protocol === "http" && <CopyButton label={t("Copy as cURL")} text={() => curlOf(request)} />}
      <CopyButton label={t("Copy link")} text={() => location.href} />
    </p>
  );
}

function Line({ request }: { request: Request }) {
  return (
    <>
      <span class="method">{methodOf(request)}</span> {request.path}
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
        <Fact name={t("User")}>
          <Filtering by="user" value={userValue(request)}>
            {userName(request.user)}
          </Filtering>
          {request.user.id !== null && <span class="aside"> {t("id {id}", { id: request.user.id })}</span>}
          {request.user.state === "unresolved" && (
            <span class="aside"> {request.protocol === "job" ? t("it did not say for whom it works") : t("nothing in it asked for its user")}</span>
          )}
        </Fact>
        {request.presumed && (
          <Fact name={t("Presumed")} title={t("Whose request or job sent it: a guess at whom it works for")}>
            <UserName user={request.presumed} />
          </Fact>
        )}
        <Sent request={request} />
        <Fact name={t("Thread")}>
          <WhichThread request={request} thread={thread} />
        </Fact>
        <Fact name={t("Process")}>
          <WhichProcess request={request} process={process} />
        </Fact>
        {request.task_serial !== null && <Fact name={t("Task")}>{`${request.task_name ?? t("task")} #${request.task_serial}`}</Fact>}
        {request.greenlet_serial !== null && <Fact name={t("Greenlet")}>#{request.greenlet_serial}</Fact>}
        <Fact name={request.protocol === "job" ? t("Job") : t("View")}>{request.view ? (
            <Filtering by="view" value={request.view}>
              {request.view}
            </Filtering>
          ) : (
            <span class="aside">{t("none: no view was reached")}</span>
          )}</Fact>
        {request.route && (
          <Fact name={request.protocol === "job" ? t("Queue") : t("Route")}>
            <Filtering by="route" value={request.route}>
              {request.route}
            </Filtering>
          </Fact>
        )}
        {request.session !== null && (
          <Fact name={t("Session")} title={t("A keyed hash of its key")}>
            <Filtering by="session" value={request.session}>
              {request.session}
            </Filtering>
          </Fact>
        )}
        {request.query_string !== null && <Fact name={t("Query")}>{request.query_string || "–"}</Fact>}
        {request.synthetic && <Fact name={t("Sent by")}>{t("reqtrace itself: stress or prove")}</Fact>}
        <Fact name={t("Began")}>{dateAndTime(request.start_ns)}</Fact>
        {request.trace_id !== null && (
          <Fact name={t("Trace id")}>
            <code>{request.trace_id}</code>
            <TraceLink traceId={request.trace_id} />
          </Fact>
        )}
      </dl>
      <Hops request={full?.request ?? request} />
      {full && <Messages request={full.request} />}
      {full && <Readings request={full.request} />}
    </>
  );
}

function TraceLink({ traceId }: { traceId: string }) {
  const address = traceAddress(traceId);
  return (
    address && (
      <>
        {" "}
        <a href={address} target="_blank" rel="noopener noreferrer">
          {t("Open trace")}
        </a>
      </>
    )
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
        {t("pid {pid}", { pid: request.pid })}
      </Filtering>
      {process && (
        <span class="aside below">
          {isWorker(process)
            ? tn("{server} on {host}, {n} job", "{server} on {host}, {n} jobs", process.requests, { server: deploymentOf(process), host: process.host })
            : tn("{server} ({interface}) on {host}, {n} request", "{server} ({interface}) on {host}, {n} requests", process.requests, {
                server: deploymentOf(process),
                interface: process.interface.toUpperCase(),
                host: process.host,
              })}
        </span>
      )}
    </>
  );
}

/** Every identifier there is, for those who search logs with them. */
function Identifiers({ request }: { request: Request }) {
  const all: [string, string | number | null][] = [
    [t("Request id"), request.id],
    [t("Process id"), request.process],
    [t("Thread ident"), request.thread_id],
    [t("Native thread id"), request.native_thread_id],
    [t("Greenlet id"), request.greenlet_id],
    [t("Task id"), request.task_id],
    [t("Loop id"), request.loop_id],
    [t("Parent span id"), request.parent_span_id],
    [t("Protocol"), request.protocol],
    [t("Outcome"), request.outcome],
  ];
  return (
    <details class="identifiers">
      <summary>{t("All identifiers")}</summary>
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
      title={t("Filter by {term}", { term: `${by}:${value}` })}
      onClick={() => setFilter(withKey(filterText.value, by, value))}
    >
      {children}
    </button>
  );
}

function userValue({ user }: Request): string {
  return user.label ?? user.id ?? user.state;
}
