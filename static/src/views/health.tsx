/** How the page stands with its server, and what is missing from the data, each only when it matters. */

import type { ComponentChildren } from "preact";

import { age, count, plural } from "../lib/format";
import { nowNs } from "../state/clock";
import { connection, health } from "../state/connection";
import { announcement, records } from "../state/live";
import { calmRevision, clocksAhead } from "../state/threads";

export function ConnectionState({ onRetry }: { onRetry(): void }) {
  const now = connection.value;
  return (
    <div class={`connection ${now.state}`}>
      <span role="status">{words()}</span>
      {now.state === "waiting" && (
        <>
          <span class="countdown">
            <Countdown untilMs={now.retryAtMs} />
          </span>
          <button type="button" title="What was missed meanwhile is fetched" onClick={onRetry}>
            Retry now
          </button>
        </>
      )}
      {now.state === "outdated" && (
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      )}
    </div>
  );
}

function words(): string {
  const now = connection.value;
  switch (now.state) {
    case "connecting":
      return "Connecting…";
    case "live":
      return "Live";
    case "catching-up":
      return `Catching up with ${plural(now.requests, "request")}…`;
    case "waiting":
      return "Not connected";
    case "denied":
      return `Access ended: ${now.message}`;
    case "outdated":
      return "This page is older than its server";
  }
}

function Countdown({ untilMs }: { untilMs: number }) {
  nowNs.value;
  return <>retry in {Math.max(0, Math.ceil((untilMs - Date.now()) / 1000))} s</>;
}

/** What is wrong with the data: one problem by its name, several by their number, each explained when opened. */
export function HealthNotes() {
  calmRevision.value;
  const { store, message, corrupt } = health.value;
  const problems = [...storeProblems(corrupt), ...processProblems()];
  const [only] = problems;
  return (
    <>
      {store === "unreachable" && (
        <Note severe short="Store unreachable">
          <p>{message || "The store does not answer."}</p>
          <p>What is shown is what arrived before; the rest follows when it answers.</p>
        </Note>
      )}
      {only && (
        <Note short={problems.length === 1 ? only.short : `${count(problems.length)} notes on the data`}>
          {problems.map(({ short, means }) => (
            <p key={short}>
              {problems.length > 1 && <strong>{short}. </strong>}
              {means}
            </p>
          ))}
        </Note>
      )}
    </>
  );
}

interface Problem {
  short: string;
  means: string;
}

function storeProblems(corrupt: number): Problem[] {
  if (corrupt === 0) return [];
  const short = `${plural(corrupt, "entry", "entries")} unreadable`;
  return [{ short, means: "These entries of the store could not be decoded and are not shown." }];
}

function processProblems(): Problem[] {
  const processes = records.processes();
  const problems: Problem[] = [];
  const dropped = processes.reduce((sum, process) => sum + process.dropped, 0);
  if (dropped > 0) {
    problems.push({
      short: `${plural(dropped, "record")} dropped`,
      means:
        "More records waited in a process than the setting BUFFER allows, and the oldest were let go; they are missing " +
        "here. A larger BUFFER or a shorter FLUSH_MS helps.",
    });
  }
  for (const [host, lengthNs] of clocksAhead.value) {
    problems.push({
      short: `The clock of ${host} is ${age(lengthNs)} ahead`,
      means: "Its requests stand too late here, and their order among those of other hosts says nothing.",
    });
  }
  const faults = processes.reduce((sum, process) => sum + process.faults, 0);
  if (faults > 0) {
    const last = new Set(processes.map((process) => process.last_fault).filter((fault) => fault !== null));
    problems.push({
      short: `${plural(faults, "problem")} inside reqtrace`,
      means: `The application was not affected. ${[...last].join(" ")}`,
    });
  }
  return problems;
}

/** Read leaks out as they arrive, and nothing else. */
export function Announcement() {
  return (
    <p class="unseen" role="status">
      {announcement.value}
    </p>
  );
}

/** A problem in a word or two, which opens to what it means. */
function Note({ severe = false, short, children }: { severe?: boolean; short: string; children: ComponentChildren }) {
  return (
    <details class={severe ? "menu note severe" : "menu note"}>
      <summary>
        <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
          <path d="M6 .8 11.6 11H.4zM5.4 4.2v3.4h1.2V4.2zm0 4.4v1.2h1.2V8.6z" fill-rule="evenodd" />
        </svg>
        <span role={severe ? "status" : undefined}>{short}</span>
      </summary>
      <div class="menu-body">{children}</div>
    </details>
  );
}

/** Say how many of the requests in memory the table shows. */
export function Shown({ shown, total }: { shown: number; total: number }) {
  return <span class="shown">{shown === total ? plural(total, "request") : `${count(shown)} of ${plural(total, "request")}`}</span>;
}
