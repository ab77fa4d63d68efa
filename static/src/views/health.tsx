/** How the page stands with its server, and what is missing from the data, each only when it matters. */

import type { ComponentChildren } from "preact";

import { age, count, duration } from "../lib/format";
import { t, tn } from "../lib/text";
import { nowNs } from "../state/clock";
import { type Connection, connection, health } from "../state/connection";
import { announcement, records } from "../state/live";
import { clockSkews } from "../state/skew";
import { calmRevision } from "../state/threads";

export function ConnectionState({ onRetry }: { onRetry(): void }) {
  const now = connection.value;
  return (
    <div class={`connection ${isComplete(now) ? now.state : "connecting"}`}>
      <span role="status">{words()}</span>
      {now.state === "waiting" && (
        <>
          <span class="countdown">
            <Countdown untilMs={now.retryAtMs} />
          </span>
          <button type="button" title={t("What was missed meanwhile is fetched")} onClick={onRetry}>
            {t("Retry now")}
          </button>
        </>
      )}
      {now.state === "outdated" && (
        <button type="button" onClick={() => location.reload()}>
          {t("Reload")}
        </button>
      )}
    </div>
  );
}

/** Whether nothing is missing that the connection's state promises. */
function isComplete({ state }: Connection): boolean {
  return state !== "live" || health.value.store === "ok";
}

function words(): string {
  const now = connection.value;
  switch (now.state) {
    case "connecting":
      return t("Connecting…");
    case "live":
      return isComplete(now) ? t("Live") : t("Connected, but without the store");
    case "catching-up":
      return tn("Catching up with {n} request…", "Catching up with {n} requests…", now.requests);
    case "waiting":
      return t("Not connected");
    case "denied":
      return t("Access ended: {reason}", { reason: now.message });
    case "outdated":
      return t("This page is older than its server");
  }
}

function Countdown({ untilMs }: { untilMs: number }) {
  nowNs.value;
  return <>{t("retry in {n} s", { n: Math.max(0, Math.ceil((untilMs - Date.now()) / 1000)) })}</>;
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
        <Note severe short={t("Store unreachable")}>
          <p>{message || t("The store does not answer.")}</p>
          <p>{t("What is shown is what arrived before; the rest follows when it answers.")}</p>
        </Note>
      )}
      {only && (
        <Note short={problems.length === 1 ? only.short : t("{n} notes on the data", { n: count(problems.length) })}>
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
  const short = tn("{n} entry unreadable", "{n} entries unreadable", corrupt);
  return [{ short, means: t("These entries of the store could not be decoded and are not shown.") }];
}

function processProblems(): Problem[] {
  const processes = records.processes();
  const problems: Problem[] = [];
  const dropped = processes.reduce((sum, process) => sum + process.dropped, 0);
  if (dropped > 0) {
    problems.push({
      short: tn("{n} record dropped", "{n} records dropped", dropped),
      means: t(
        "More records waited in a process than the setting BUFFER allows, and the oldest were let go; they are missing here. A larger BUFFER or a shorter FLUSH_MS helps.",
      ),
    });
  }
  const findings = processes.reduce((sum, process) => sum + process.findings_dropped, 0);
  if (findings > 0) {
    problems.push({
      short: tn("{n} finding lost", "{n} findings lost", findings),
      means: t("They went with requests that had to be let go, or before the store took them. They are counted, and missing here."),
    });
  }
  const longest = Math.max(0, ...processes.map((process) => process.outage_ns));
  if (longest > 0) {
    problems.push({
      short: t("The store was away for {time}", { time: duration(longest) }),
      means: t(
        "For so long it took nothing from one of the processes, all its outages together. What was dropped meanwhile is counted; all else was written afterwards.",
      ),
    });
  }
  for (const [host, aheadNs] of clockSkews.value) {
    const by = age(Math.abs(aheadNs));
    problems.push(
      aheadNs > 0
        ? {
            short: t("The clock of {host} is about {by} ahead", { host, by }),
            means: t("Its requests stand too late here, and their order among those of other hosts says nothing."),
          }
        : {
            short: t("The clock of {host} is about {by} behind", { host, by }),
            means: t("Its requests stand too early here, and their order among those of other hosts says nothing."),
          },
    );
  }
  const faults = processes.reduce((sum, process) => sum + process.faults, 0);
  if (faults > 0) {
    const last = new Set(processes.map((process) => process.last_fault).filter((fault) => fault !== null));
    problems.push({
      short: tn("{n} problem inside reqtrace", "{n} problems inside reqtrace", faults),
      means: t("The application was not affected. {faults}", { faults: [...last].join(" ") }),
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
  return <span class="shown">{shown === total ? tn("{n} request", "{n} requests", total) : tn("{shown} of {n} request", "{shown} of {n} requests", total, { shown: count(shown) })}</span>;
}
