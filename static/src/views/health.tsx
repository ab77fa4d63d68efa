/** How the page stands with its server, and what is missing from the data, each only when it matters. */

import type { ComponentChildren } from "preact";

import { count, plural } from "../lib/format";
import { nowNs } from "../state/clock";
import { connection, health } from "../state/connection";
import { newestLeak, records } from "../state/live";
import { calmRevision } from "../state/threads";

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
          <button type="button" onClick={onRetry}>
            Retry now
          </button>
        </>
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
  }
}

function Countdown({ untilMs }: { untilMs: number }) {
  nowNs.value;
  return <>retry in {Math.max(0, Math.ceil((untilMs - Date.now()) / 1000))} s</>;
}

export function HealthNotes() {
  calmRevision.value;
  const { store, message, corrupt } = health.value;
  let dropped = 0;
  let faults = 0;
  let lastFault: string | null = null;
  for (const process of records.processes()) {
    dropped += process.dropped;
    faults += process.faults;
    lastFault = process.last_fault ?? lastFault;
  }
  return (
    <>
      {store === "unreachable" && <Note severe>{message || "The store does not answer."}</Note>}
      {dropped > 0 && (
        <Note title="More records waited in a process than BUFFER allows, and the oldest were let go.">
          {plural(dropped, "record")} dropped
        </Note>
      )}
      {corrupt > 0 && (
        <Note title="These entries of the store could not be decoded and are not shown.">
          {plural(corrupt, "entry", "entries")} unreadable
        </Note>
      )}
      {faults > 0 && (
        <Note title={`The application was not affected. The last one: ${lastFault ?? "unknown"}`}>
          {plural(faults, "fault")} inside reqtrace
        </Note>
      )}
    </>
  );
}

/** Read leaks out as they arrive, and nothing else. */
export function LeakAnnouncer() {
  const leak = newestLeak.value;
  return (
    <p class="unseen" role="status">
      {leak && `Leak: ${leak.message}`}
    </p>
  );
}

function Note({ severe = false, title, children }: { severe?: boolean; title?: string; children: ComponentChildren }) {
  return (
    <span class={severe ? "note severe" : "note"} title={title}>
      <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
        <path d="M6 .8 11.6 11H.4zM5.4 4.2v3.4h1.2V4.2zm0 4.4v1.2h1.2V8.6z" fill-rule="evenodd" />
      </svg>
      {children}
    </span>
  );
}

/** Say how many of the requests in memory the table shows. */
export function Shown({ shown, total }: { shown: number; total: number }) {
  return <span class="shown">{shown === total ? plural(total, "request") : `${count(shown)} of ${plural(total, "request")}`}</span>;
}
