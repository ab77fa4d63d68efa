/** Every thread that served requests: what it turned out to be, for how many people, and what is unsafe on it. */

import { useSignal, useSignalEffect } from "@preact/signals";

import { deploymentOf, interfaceOf } from "../lib/answer";
import { age, count } from "../lib/format";
import { t, tn } from "../lib/text";
import type { Process, Thread } from "../protocol/records";
import { fetchOnThreads, groupsByThread, visibleGroups } from "../state/findings";
import { onePerPlace } from "../state/groups";
import { chosenThread, chooseThread, hovered, pinnedThread } from "../state/live";
import { threadKey } from "../state/records";
import { nowCoarseNs, requestsShown, type ThreadGroup, threadGroups } from "../state/threads";
import { Answers } from "./answer";
import { GroupLinks } from "./group-links";
import { SharingMark, ThreadName } from "./marks";

/** More threads of one request each than this are not listed: their number says it. */
const EXCLUSIVE_SHOWN = 100;

export function ThreadsView() {
  const groups = threadGroups.value.filter(({ alive, threads }) => alive || threads.length > 0);
  const forgotten = threadGroups.value.length - groups.length;
  useSignalEffect(() => fetchOnThreads(visibleGroups.value));
  return (
    <div class="stage scrolls" tabIndex={0} role="group" aria-label={t("Threads")}>
      <Answers full />
      {groups.length === 0 && (
        <div class="empty">
          <h2>{t("No thread has served a request yet")}</h2>
          <p>{t("Each process and each of its threads shows here with the first request that it serves.")}</p>
        </div>
      )}
      <div class="processes">
        {groups.map((group) => (
          <ProcessThreadsTable key={group.process.id} group={group} />
        ))}
        {forgotten > 0 && (
          <p class="hint">
            {tn("{n} process ended whose threads are not kept any more.", "{n} processes ended whose threads are not kept any more.", forgotten)}
          </p>
        )}
      </div>
    </div>
  );
}

function ProcessThreadsTable({ group: { process, threads, alive } }: { group: ThreadGroup }) {
  const shared = threads.filter((thread) => thread.sharing !== "exclusive");
  const exclusive = threads.filter((thread) => thread.sharing === "exclusive");
  const few = exclusive.length <= 3;
  const open = useSignal(false);
  const listed = few ? threads : shared;
  return (
    <section class={alive ? "process" : "process is-gone"} aria-label={t("Process {pid}", { pid: process.pid })}>
      <ProcessTitle process={process} alive={alive} />
      {threads.length === 0 && (
        <p class="hint">{process.requests > 0 ? t("Its threads are not kept any more.") : t("It has served no request yet.")}</p>
      )}
      {listed.length > 0 && <ThreadTable threads={listed} />}
      {!few && (
        <details class="exclusive-threads" onToggle={(event) => (open.value = event.currentTarget.open)}>
          <summary>
            <SharingMark sharing="exclusive" />{" "}
            {tn("{n} thread with one request", "{n} threads with one request each", exclusive.length)}
          </summary>
          {open.value && <ThreadTable threads={exclusive.slice(-EXCLUSIVE_SHOWN)} />}
          {exclusive.length > EXCLUSIVE_SHOWN && (
            <p class="hint">{t("The newest {n} of them.", { n: EXCLUSIVE_SHOWN })}</p>
          )}
        </details>
      )}
    </section>
  );
}

/** Say which process this is: what runs it, its pid and host, and whether it still lives. */
export function ProcessTitle({ process, alive }: { process: Process; alive: boolean }) {
  return (
    <h2>
      <span class="deployment">{deploymentOf(process)}</span>
      <span class="aside">{interfaceOf(process)}</span>
      <span class="pid" title={t("Process {id}", { id: process.id })}>
        {t("pid {pid} on {host}", { pid: process.pid, host: process.host })}
      </span>
      {!alive && <span class="gone">{goneWords(process)}</span>}
    </h2>
  );
}

function goneWords({ ended_ns: endedNs, seen_ns: seenNs }: Process): string {
  return endedNs !== null ? t("ended") : t("last seen {age} ago", { age: age(nowCoarseNs.value - seenNs) });
}

function ThreadTable({ threads }: { threads: readonly Thread[] }) {
  return (
    <table class="thread-table">
      <thead>
        <tr>
          <th scope="col">{t("Thread")}</th>
          <th scope="col" class="t-native" title={t("The operating system’s number for the thread, as top and htop show it")}>
            {t("Native id")}
          </th>
          <th scope="col" title={t("exclusive: one request; sequential: one after another; interleaved: several at once")}>
            {t("Sharing")}
          </th>
          <th scope="col" class="number">
            {t("Requests")}
          </th>
          <th scope="col" class="number" title={t("Different people who were signed in")}>
            {t("People")}
          </th>
          <th scope="col" class="number" title={t("The most requests in flight on it at the same time")}>
            {t("Most at once")}
          </th>
          <th scope="col" class="t-unsafe" title={t("Where code kept an identity that another request met on this thread")}>
            {t("Unsafe on it")}
          </th>
        </tr>
      </thead>
      <tbody>
        {threads.map((thread) => (
          <ThreadRow key={thread.serial} thread={thread} />
        ))}
      </tbody>
    </table>
  );
}

function ThreadRow({ thread }: { thread: Thread }) {
  const key = threadKey(thread.process, thread.serial);
  const isPinned = chosenThread.value === key;
  const classes = [hovered.value === key && "is-lit", isPinned && "is-pinned"].filter(Boolean).join(" ");
  const groups = onePerPlace(groupsByThread.value.get(key) ?? []);
  const toggle = (): void => chooseThread(pinnedThread.value === key ? null : key);
  return (
    <tr
      class={classes || undefined}
      onMouseEnter={() => (hovered.value = key)}
      onMouseLeave={() => (hovered.value = null)}
      onClick={(event) => {
        if (event.target instanceof Element && !event.target.closest("a, button")) toggle();
      }}
    >
      <th scope="row">
        <button
          type="button"
          aria-pressed={pinnedThread.value === key}
          title={t("Light up the requests of this thread (ident {id})", { id: thread.thread_id })}
          onClick={toggle}
          onFocus={() => (hovered.value = key)}
          onBlur={() => (hovered.value = null)}
        >
          <ThreadName name={thread.name} /> <span class="serial">#{thread.serial}</span>
        </button>
      </th>
      <td class="t-native">{thread.native_id}</td>
      <td>
        <SharingMark sharing={thread.sharing} word />
      </td>
      <td class="number" data-unit={tn("request", "requests", requestsShown(thread))}>
        {count(requestsShown(thread))}
      </td>
      <td class="number" data-unit={tn("person", "people", thread.users)}>
        {count(thread.users)}
      </td>
      <td class="number" data-unit={t("at once")}>
        {count(thread.max_in_flight)}
      </td>
      <td class="t-unsafe">{groups.length > 0 ? <GroupLinks groups={groups} /> : <span class="aside">–</span>}</td>
    </tr>
  );
}
