/** Every process that was heard of: what it is, how much it did, and what it could not keep. */

import { age, count, dateAndTime } from "../lib/format";
import type { Process } from "../protocol";
import { nowCoarseNs, type ThreadGroup, threadGroups } from "../state/threads";
import { Fact } from "./panel";
import { ProcessTitle } from "./threads-view";

export function ProcessesView() {
  const groups = threadGroups.value;
  return (
    <div class="stage scrolls" tabIndex={0} role="group" aria-label="Processes">
      {groups.length === 0 && (
        <div class="empty">
          <h2>No process was heard of yet</h2>
          <p>A worker shows here as soon as it has served its first request.</p>
        </div>
      )}
      <div class="processes is-cards">
        {groups.map((group) => (
          <ProcessCard key={group.process.id} group={group} />
        ))}
      </div>
    </div>
  );
}

function ProcessCard({ group: { process, threads, alive } }: { group: ThreadGroup }) {
  return (
    <section class={alive ? "process" : "process is-gone"} aria-label={`Process ${process.pid}`}>
      <ProcessTitle process={process} alive={alive} />
      <dl class="facts">
        <Fact name="Requests">{count(process.requests)}</Fact>
        <Fact name="Threads" title="Those that served requests">
          {count(threads.length)}
        </Fact>
        <Fact name="Parent" title="The process that started it: often the server’s master">
          pid {process.parent_pid}
        </Fact>
        <Fact name="Runs">
          Django {process.django}, Python {process.python}
        </Fact>
        <Fact name="Began">
          {dateAndTime(process.started_ns).replace(/\.\d+$/, "")}
          <span class="aside"> {age(nowCoarseNs.value - process.started_ns)} ago</span>
        </Fact>
        <NotKept process={process} />
      </dl>
      <details class="identifiers">
        <summary>What decides the answer here</summary>
        <dl class="facts">
          {Object.entries(process.facts).map(([name, value]) => (
            <Fact key={name} name={name}>
              {String(value)}
            </Fact>
          ))}
        </dl>
      </details>
    </section>
  );
}

function NotKept({ process }: { process: Process }) {
  return (
    <>
      {process.dropped > 0 && (
        <Fact name="Dropped" title="More records waited than the setting BUFFER allows; the oldest were let go">
          <span class="bad">{count(process.dropped)}</span>
        </Fact>
      )}
      {process.sampled_out > 0 && (
        <Fact name="Left out" title="Clean requests that the setting SAMPLE leaves out; they were examined all the same">
          {count(process.sampled_out)}
        </Fact>
      )}
      {process.faults > 0 && (
        <Fact name="Faults" title="Faults inside reqtrace; the application was not affected">
          <span class="bad">{count(process.faults)}</span> {process.last_fault}
        </Fact>
      )}
    </>
  );
}
