/** One process: a row with what it uses now, which opens to its charts, its threads and its facts. */

import { useSignal } from "@preact/signals";

import { deploymentOf, interfaceOf } from "../lib/answer";
import { rate } from "../lib/amounts";
import { lastSeenNs } from "../lib/family";
import { age, count, dateAndTime, duration } from "../lib/format";
import { ratePerSecond } from "../lib/series";
import { t, tn } from "../lib/text";
import type { Measurement, Process } from "../protocol/records";
import { historyOf, nativeThreadsOf, newestNs } from "../state/measurements";
import { nowCoarseNs, requestsShown, type ThreadGroup } from "../state/threads";
import { NativeThreads } from "./native-threads";
import { Fact } from "./panel";
import { ProcessCharts, QUANTITIES } from "./process-charts";

export function ProcessCard({ group: { process, threads, alive }, unfolded }: { group: ThreadGroup; unfolded: boolean }) {
  const open = useSignal(unfolded);
  const history = historyOf(process.id);
  return (
    <details
      class={alive ? "worker" : "worker is-gone"}
      aria-label={t("Process {pid}", { pid: process.pid })}
      open={open.value}
      onToggle={(event) => (open.value = event.currentTarget.open)}
    >
      <summary>
        <span class="deployment">{deploymentOf(process)}</span>
        <span class="pid" title={t("Process {id}", { id: process.id })}>
          {t("pid {pid}", { pid: process.pid })}
        </span>
        {alive ? <Now last={history.at(-1)} /> : <span class="gone">{goneWords(process)}</span>}
        <Troubles process={process} />
      </summary>
      {open.value && (
        <div class="worker-body">
          {history.length > 0 ? (
            <ProcessCharts history={history} untilNs={alive ? newestNs.value : null} />
          ) : (
            <p class="hint">{t("Nothing was measured of it, or it is not kept any more.")}</p>
          )}
          <NativeThreads process={process} natives={nativeThreadsOf(process.id)} threads={threads} />
          <Facts process={process} history={history} />
          <Deciding facts={process.facts} />
        </div>
      )}
    </details>
  );
}

/** What it uses now, in figures: all that a row has room for. */
function Now({ last }: { last: Measurement | undefined }) {
  if (!last) return null;
  return (
    <span class="now">
      {QUANTITIES.map(({ name, of, format }) => {
        const value = of(last, null);
        return (
          <span key={name}>
            <span class="aside">{name}</span> {value === null ? "–" : format(value)}
          </span>
        );
      })}
    </span>
  );
}

function goneWords(process: Process): string {
  const since = age(nowCoarseNs.value - lastSeenNs(process));
  return process.ended_ns !== null ? t("ended {age} ago", { age: since }) : t("last seen {age} ago", { age: since });
}

/** What it could not keep, and why, so that a folded row does not hide it. */
function Troubles({ process: { dropped, faults, findings_dropped, outages } }: { process: Process }) {
  return (
    <>
      {dropped > 0 && <span class="bad">{t("{n} dropped", { n: count(dropped) })}</span>}
      {findings_dropped > 0 && <span class="bad">{tn("{n} finding lost", "{n} findings lost", findings_dropped)}</span>}
      {outages > 0 && <span class="bad">{tn("{n} outage", "{n} outages", outages)}</span>}
      {faults > 0 && <span class="bad">{tn("{n} fault", "{n} faults", faults)}</span>}
    </>
  );
}

function Facts({ process, history }: { process: Process; history: readonly Measurement[] }) {
  const [before, last] = history.slice(-2);
  const waited = ratePerSecond(before, last, (one) => one.context_switches_voluntary);
  const pushed = ratePerSecond(before, last, (one) => one.context_switches_involuntary);
  return (
    <dl class="facts">
      <Fact name={t("Requests")}>{count(requestsShown(process))}</Fact>
      <Fact name={t("Interface")}>{interfaceOf(process)}</Fact>
      <Fact name={t("Runs")}>{t("Django {django}, Python {python}", { django: process.django, python: process.python })}</Fact>
      <Fact name={t("Began")}>
        {dateAndTime(process.started_ns)} <span class="aside">{t("{age} ago", { age: age(nowCoarseNs.value - process.started_ns) })}</span>
      </Fact>
      {waited !== null && pushed !== null && (
        <Fact name={t("Context switches")} title={t("How often it waited for something, and how often it had to make room for others")}>
          {t("{waited} waiting, {pushed} pushed aside", { waited: rate(waited), pushed: rate(pushed) })}
        </Fact>
      )}
      {process.leaks + process.hazards > 0 && (
        <Fact name={t("Found")} title={t("Findings of this process so far, also those that are not kept any more")}>
          {tn("{n} leak", "{n} leaks", process.leaks)}, {tn("{n} hazard", "{n} hazards", process.hazards)}
        </Fact>
      )}
      {process.waiting > 0 && (
        <Fact name={t("Waiting")} title={t("Requests and records that the store had not taken yet when the process was last heard of")}>
          {count(process.waiting)}
        </Fact>
      )}
      {process.dropped > 0 && (
        <Fact name={t("Dropped")} title={t("More records waited than the setting BUFFER allows; the oldest were let go")}>
          <span class="bad">{count(process.dropped)}</span>
        </Fact>
      )}
      {process.findings_dropped > 0 && (
        <Fact name={t("Findings lost")} title={t("They went with requests that had to be let go, or before the store took them")}>
          <span class="bad">{count(process.findings_dropped)}</span>
        </Fact>
      )}
      {process.outages > 0 && (
        <Fact name={t("Outages")} title={t("How often the store took nothing, and how long that was in all; what waited meanwhile was written afterwards, as far as BUFFER had room")}>
          <span class="bad">{count(process.outages)}</span> {t("{time} in all", { time: duration(process.outage_ns) })}
        </Fact>
      )}
      {process.trim_ns > 0 && (
        <Fact name={t("Trimming")} title={t("How long dropping what the settings RETAIN and RETAIN_SECONDS do not keep has taken")}>
          {duration(process.trim_ns)}
        </Fact>
      )}
      {process.sampled_out > 0 && (
        <Fact name={t("Left out")} title={t("Clean requests that the setting SAMPLE leaves out; they were examined all the same")}>
          {count(process.sampled_out)}
        </Fact>
      )}
      {process.release !== null && (
        <Fact name={t("Release")} title={t("The deploy that runs, as the setting RELEASE names it")}>
          {process.release}
        </Fact>
      )}
      {process.faults > 0 && (
        <Fact name={t("Faults")} title={t("Faults inside reqtrace; the application was not affected")}>
          <span class="bad">{count(process.faults)}</span> {process.last_fault}
        </Fact>
      )}
    </dl>
  );
}

/** What the process said of itself, by which it is told what a thread is shared by here. */
function Deciding({ facts }: Pick<Process, "facts">) {
  return (
    <details class="identifiers">
      <summary>{t("What decides the answer here")}</summary>
      <dl class="facts">
        {Object.entries(facts).map(([name, value]) => (
          <Fact key={name} name={name}>
            {String(value)}
          </Fact>
        ))}
      </dl>
    </details>
  );
}
