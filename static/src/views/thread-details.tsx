/** Details of the chosen thread: what it turned out to be, what is unsafe on it, and its newest requests. */

import { count, timeOfDay } from "../lib/format";
import { t } from "../lib/text";
import type { Request } from "../protocol/records";
import { groupsByThread } from "../state/findings";
import { choose, chooseThread, filtersThread, pinnedThread, records, toggleThread } from "../state/live";
import { threadKey } from "../state/records";
import { calmRevision, requestsShown, threadNamed } from "../state/threads";
import { tab } from "../state/view";
import { GroupLinks } from "./group-links";
import { SHARING_MEANS, SharingMark, Status, UserName } from "./marks";
import { Fact, Panel } from "./panel";

const NEWEST = 50;

export function ThreadDetails() {
  calmRevision.value;
  const key = pinnedThread.value ?? "";
  const thread = threadNamed(key);
  const process = thread && records.process(thread.process);
  if (!thread || !process) {
    return (
      <Panel of={key} title={t("Thread")} onClose={() => chooseThread(null)}>
        <p class="hint">{t("Nothing is known about this thread; its records may have been let go.")}</p>
      </Panel>
    );
  }
  const groups = groupsByThread.value.get(key) ?? [];
  const filtered = filtersThread(process.pid, thread.serial);
  const showRequests = (): void => {
    toggleThread(process.pid, thread.serial);
    tab.value = "requests";
  };
  return (
    <Panel of={key} title={`${thread.name} #${thread.serial}`} onClose={() => chooseThread(null)}>
      <p class="summary">
        <SharingMark sharing={thread.sharing} word /> <span class="aside">{SHARING_MEANS[thread.sharing]}</span>
      </p>
      <p>
        <button type="button" aria-pressed={filtered} onClick={showRequests}>
          {filtered ? t("Show the requests of all threads") : t("Show only its requests")}
        </button>
      </p>
      <h3>{t("Unsafe on it")}</h3>
      {groups.length > 0 ? <GroupLinks groups={groups} /> : <p class="hint">{t("Nothing was found on this thread.")}</p>}
      <h3>{t("What it did")}</h3>
      <dl class="facts">
        <Fact name={t("Requests")}>{count(requestsShown(thread))}</Fact>
        <Fact name={t("People")} title={t("Different people who were signed in")}>
          {count(thread.users)}
        </Fact>
        <Fact name={t("Most at once")} title={t("The most requests in flight on it at the same time")}>
          {count(thread.max_in_flight)}
        </Fact>
        <Fact name={t("Process")}>
          {t("pid {pid} on {host}", { pid: process.pid, host: process.host })}
        </Fact>
        <Fact name={t("Native id")} title={t("The operating system’s number for the thread")}>
          {thread.native_id}
        </Fact>
        <Fact name={t("Ident")} title={t("Python’s number for the thread, used again after its end")}>
          {thread.thread_id}
        </Fact>
      </dl>
      <NewestRequests of={key} />
    </Panel>
  );
}

function NewestRequests({ of }: { of: string }) {
  const found: Request[] = [];
  for (let index = records.rows.length - 1; index >= 0 && found.length < NEWEST; index--) {
    const request = records.rows[index]?.request;
    if (request && threadKey(request.process, request.thread_serial) === of) found.push(request);
  }
  if (found.length === 0) return null;
  return (
    <>
      <h3>{t("Its newest requests")}</h3>
      <ul class="neighbours">
        {found.map((request) => (
          <li key={request.id}>
            <button type="button" onClick={() => choose(request.id)}>
              <span class="at">{timeOfDay(request.start_ns)}</span>
              <UserName user={request.user} />
              <span class="neighbour-path">
                <span class="method">{request.method}</span> {request.path}
              </span>
              <Status request={request} />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
