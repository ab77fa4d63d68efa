/** The native threads of a process with their processor time, joined with the requests that ran on them. */

import { percent } from "../lib/amounts";
import { withKey } from "../lib/filter";
import { count, duration } from "../lib/format";
import { t, tn } from "../lib/text";
import type { NativeThread, Process, Thread } from "../protocol/records";
import { filterText } from "../state/live";
import { linkTo } from "../state/view";
import { SharingMark, ThreadName } from "./marks";

interface Props {
  process: Process;
  natives: readonly NativeThread[];
  /** Those that served requests. */
  threads: readonly Thread[];
}

interface Joined {
  native: NativeThread;
  thread: Thread | undefined;
}

export function NativeThreads({ process, natives, threads }: Props) {
  // The system gives a number out again: of several threads that had it, the last one has it now.
  const byNativeId = new Map(threads.map((thread) => [thread.native_id, thread]));
  const all = natives.map((native): Joined => ({ native, thread: byNativeId.get(native.native_id) }));
  const quiet = all.filter(({ native, thread }) => native.cpu_utilization === 0 && !thread);
  const listed = quiet.length > 3 ? all.filter((one) => !quiet.includes(one)) : all;
  if (all.length === 0) return <p class="hint">{t("Its native threads were not looked at yet, or are not kept any more.")}</p>;
  return (
    <>
      <NativeTable process={process} joined={listed} />
      {listed !== all && (
        <details class="quiet-threads">
          <summary>{tn("{n} thread that did nothing of late", "{n} threads that did nothing of late", quiet.length)}</summary>
          <NativeTable process={process} joined={quiet} />
        </details>
      )}
    </>
  );
}

function NativeTable({ process, joined }: { process: Process; joined: readonly Joined[] }) {
  return (
    <table class="native-table">
      <thead>
        <tr>
          <th scope="col">{t("Native thread")}</th>
          <th scope="col" class="number" title={t("The operating system’s number for the thread, as top and htop show it")}>
            {t("Native id")}
          </th>
          <th scope="col" class="number" title={t("Of one processor, over the last five seconds")}>
            {t("CPU")}
          </th>
          <th scope="col" class="number" title={t("Used since it began")}>
            {t("CPU time")}
          </th>
          <th scope="col">{t("Requests on it")}</th>
        </tr>
      </thead>
      <tbody>
        {joined.map(({ native, thread }) => (
          <tr key={native.native_id}>
            <th scope="row">
              <span class="native-name">
                <ThreadName name={thread?.name ?? native.name ?? t("unnamed")} />
                {thread && <span class="serial">#{thread.serial}</span>}
              </span>
            </th>
            <td class="number">{native.native_id}</td>
            <td class="number share" style={{ "--rt-share": String(Math.min(1, native.cpu_utilization)) }}>
              {percent(native.cpu_utilization)}
            </td>
            <td class="number">{duration(native.cpu_time_ns)}</td>
            <td>{thread ? <RequestsLink process={process} thread={thread} /> : <span class="aside">{t("none")}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RequestsLink({ process, thread }: { process: Process; thread: Thread }) {
  const ofProcess = withKey(filterText.value, "process", String(process.pid));
  const filter = withKey(ofProcess, "thread", String(thread.serial));
  return (
    <a href={linkTo({ tab: "requests", filter })} title={t("Show only the requests of this thread")}>
      <SharingMark sharing={thread.sharing} /> {count(thread.requests)}
    </a>
  );
}
