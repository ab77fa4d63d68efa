/** The way of a request over threads, tasks and greenlets. */

import { duration } from "../lib/format";
import type { Hop, Request } from "../protocol";
import { records } from "../state/live";

export function Hops({ request }: { request: Request }) {
  if (request.hops.length === 0) return null;
  return (
    <>
      <h3>Where it ran</h3>
      <ol class="hops">
        {request.hops.map((hop) => (
          <li key={`${hop.at_ns}-${hop.checkpoint}`}>
            <span class="at">+{hop.at_ns === 0 ? "0" : duration(hop.at_ns)}</span>
            <span class="checkpoint">{hop.checkpoint}</span>
            <span class="where">{placeOf(request, hop)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function placeOf(request: Request, hop: Hop): string {
  const sameAsView = hop.thread_serial === request.thread_serial;
  const name = sameAsView ? request.thread_name : records.thread(request.process, hop.thread_serial)?.name;
  const parts = [`${name ?? "thread"} #${hop.thread_serial}`];
  if (hop.task_serial !== null) parts.push(`task #${hop.task_serial}`);
  if (hop.greenlet_serial !== null) parts.push(`greenlet #${hop.greenlet_serial}`);
  return parts.join(" · ");
}
