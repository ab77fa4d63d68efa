/** The threads that served requests, by process: what each turned out to be, and how much it served. */

import { useSignal } from "@preact/signals";

import { deploymentOf } from "../lib/answer";
import { age, count, plural } from "../lib/format";
import type { Thread } from "../protocol";
import { chosenThread, filtersThread, hovered, toggleThread } from "../state/live";
import { threadKey } from "../state/records";
import { nowCoarseNs, type ThreadGroup, threadGroups } from "../state/threads";
import { SharingMark, ThreadName } from "./marks";

/** More threads of one request each than this are not listed: their number says it. */
const EXCLUSIVE_SHOWN = 100;

export function ThreadList() {
  const groups = threadGroups.value;
  return (
    <section class="panel threads" aria-labelledby="threads-title">
      <h2 id="threads-title">Threads</h2>
      <div class="panel-body" tabIndex={0} role="group" aria-labelledby="threads-title">
        {groups.length === 0 && <p class="hint">Each process and thread that serves a request shows here.</p>}
        {groups.map((group) => (
          <ProcessGroup key={group.process.id} group={group} />
        ))}
      </div>
    </section>
  );
}

function ProcessGroup({ group: { process, threads, alive } }: { group: ThreadGroup }) {
  const shared = threads.filter((thread) => thread.sharing !== "exclusive");
  const exclusive = threads.filter((thread) => thread.sharing === "exclusive");
  const few = exclusive.length <= 3;
  const open = useSignal(false);
  return (
    <section class={alive ? "process" : "process is-gone"} aria-label={`Process ${process.pid}`}>
      <h3>
        <span class="deployment">{deploymentOf(process)}</span>
        <span class="interface">{process.interface}</span>
        <span class="pid" title={`Host ${process.host}, process ${process.id}`}>
          pid {process.pid}
        </span>
        {!alive && <span class="gone">{goneWords(process.ended_ns, process.seen_ns)}</span>}
      </h3>
      {threads.length === 0 ? (
        <p class="hint">No request yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Thread</th>
              <th scope="col" class="number">
                Requests
              </th>
              <th scope="col" class="number">
                Users
              </th>
              <th scope="col" class="number" title="The most requests in flight on it at once">
                At once
              </th>
            </tr>
          </thead>
          <tbody>
            {(few ? threads : shared).map((thread) => (
              <ThreadRow key={thread.serial} thread={thread} pid={process.pid} />
            ))}
          </tbody>
        </table>
      )}
      {!few && (
        <details class="exclusive-threads" onToggle={(event) => (open.value = event.currentTarget.open)}>
          <summary>
            <SharingMark sharing="exclusive" /> {plural(exclusive.length, "thread")} with one request each
          </summary>
          {open.value && (
            <table>
              <tbody>
                {exclusive.slice(-EXCLUSIVE_SHOWN).map((thread) => (
                  <ThreadRow key={thread.serial} thread={thread} pid={process.pid} />
                ))}
              </tbody>
            </table>
          )}
          {exclusive.length > EXCLUSIVE_SHOWN && <p class="hint">The newest {EXCLUSIVE_SHOWN} of them.</p>}
        </details>
      )}
    </section>
  );
}

function ThreadRow({ thread, pid }: { thread: Thread; pid: number }) {
  const key = threadKey(thread.process, thread.serial);
  const marks = [hovered.value === key && "is-lit", chosenThread.value === key && "is-pinned"].filter(Boolean).join(" ");
  return (
    <tr class={marks || undefined} onMouseEnter={() => (hovered.value = key)} onMouseLeave={() => (hovered.value = null)}>
      <th scope="row">
        <button
          type="button"
          aria-pressed={filtersThread(pid, thread.serial)}
          title={`Show only the requests of this thread (ident ${thread.thread_id})`}
          onClick={() => toggleThread(pid, thread.serial)}
          onFocus={() => (hovered.value = key)}
          onBlur={() => (hovered.value = null)}
        >
          <ThreadName name={thread.name} /> <span class="serial">#{thread.serial}</span>
        </button>
        <p>
          <SharingMark sharing={thread.sharing} word /> <span class="native">native {thread.native_id}</span>
        </p>
      </th>
      <td class="number">{count(thread.requests)}</td>
      <td class="number">{count(thread.users)}</td>
      <td class="number">{count(thread.max_in_flight)}</td>
    </tr>
  );
}

function goneWords(endedNs: number | null, seenNs: number): string {
  return endedNs !== null ? "ended" : `last seen ${age(nowCoarseNs.value - seenNs)} ago`;
}
