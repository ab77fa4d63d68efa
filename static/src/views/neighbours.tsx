/** The other requests of a request's thread: before, at the same time, after; each leads to its own details. */

import { duration, methodOf } from "../lib/format";
import { t, tn } from "../lib/text";
import type { RequestDetail } from "../protocol/messages";
import type { Request } from "../protocol/records";
import { choose } from "../state/live";
import { Status, UserName } from "./marks";

export function Neighbours({ detail: { request, before, during, after } }: { detail: RequestDetail }) {
  const { same_thread: shared } = request;
  return (
    <>
      <h3>{t("On the same thread")}</h3>
      <p class="hint">
        {tn("{n} earlier request", "{n} earlier requests", shared.before)},{" "}
        {shared.at_once > 0
          ? tn("up to {n} other in flight at once", "up to {n} others in flight at once", shared.at_once)
          : t("none at the same time")}
      </p>
      <Group title={t("At the same time")} of={request} requests={during} />
      <Group title={t("Before, nearest first")} of={request} requests={before} />
      <Group title={t("After, nearest first")} of={request} requests={after} />
    </>
  );
}

function Group({ title, of, requests }: { title: string; of: Request; requests: readonly Request[] }) {
  if (requests.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
      <ul class="neighbours">
        {requests.map((request) => (
          <li key={request.id}>
            <button type="button" onClick={() => choose(request.id)}>
              <span class="at">{offset(request.start_ns - of.start_ns)}</span>
              <UserName user={request.user} />
              <span class="neighbour-path">
                <span class="method">{methodOf(request)}</span> {request.path}
              </span>
              <Status request={request} />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function offset(lengthNs: number): string {
  return `${lengthNs < 0 ? "−" : "+"}${duration(Math.abs(lengthNs))}`;
}
