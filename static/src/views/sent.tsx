/** Who sent a job, and which jobs a request or a job has sent: each leads to its own details. */

import { duration, methodOf } from "../lib/format";
import { t } from "../lib/text";
import type { Request } from "../protocol/records";
import { choose, records } from "../state/live";
import { requestNamed } from "../state/requests";
import { UserName } from "./marks";
import { Fact } from "./panel";

/** So many jobs are listed. */
const SHOWN = 20;

export function Sent({ request }: { request: Request }) {
  const jobs = records.jobsOf(request.id);
  return (
    <>
      {request.parent !== null && (
        <Fact name={t("Sent by")}>
          <Sender id={request.parent} />
          {request.sent_ns !== null && (
            <span class="aside below">{t("{time} before it began", { time: duration(Math.max(0, request.start_ns - request.sent_ns)) })}</span>
          )}
        </Fact>
      )}
      {jobs.length > 0 && (
        <Fact name={t("Sent")}>
          {jobs.slice(0, SHOWN).map(({ request: job }) => (
            <Link key={job.id} request={job} />
          ))}
          {jobs.length > SHOWN && <span class="aside below">{t("and {n} more", { n: jobs.length - SHOWN })}</span>}
        </Fact>
      )}
    </>
  );
}

function Sender({ id }: { id: string }) {
  const sender = requestNamed(id);
  return sender ? <Link request={sender} /> : <code>{id}</code>;
}

function Link({ request }: { request: Request }) {
  return (
    <button type="button" class="value sent" title={t("Show its details")} onClick={() => choose(request.id)}>
      <span class="method">{methodOf(request)}</span> {request.path} <UserName user={request.user} />
    </button>
  );
}
