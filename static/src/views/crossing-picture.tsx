/** Both requests of a finding over time, and the moment at which one saw the other. */

import { layOutCrossing, type Bar } from "../lib/crossing";
import { duration } from "../lib/format";
import { t } from "../lib/text";
import { hueOf, userKey, userName } from "../lib/people";
import type { Request, User } from "../protocol/records";
import { serverTimeNs } from "../state/clock";
import { UserName } from "./marks";

interface Props {
  reader: Request;
  readerUser: User;
  /** Undefined when it is not known, or not here any more. */
  seen: Request | undefined;
  seenUser: User;
  momentNs: number;
}

export function CrossingPicture({ reader, readerUser, seen, seenUser, momentNs }: Props) {
  const { reader: below, seen: above, moment, gap } = layOutCrossing(spanOf(reader), seen ? spanOf(seen) : null, momentNs);
  const names = {
    after: duration(Math.max(0, momentNs - reader.start_ns)),
    reader: inASentence(readerUser),
    seen: inASentence(seenUser),
  };
  return (
    <figure class="crossing">
      <div class="crossing-names">
        {seen && <UserName user={seenUser} />}
        <UserName user={readerUser} />
      </div>
      <div class="crossing-lanes">
        {seen && above && <Lane bar={above} user={seenUser} request={seen} />}
        <Lane bar={below} user={readerUser} request={reader} />
        {gap && (
          <span class="crossing-gap" style={{ left: share(gap.left), width: share(gap.width) }}>
            {t("{duration} later", { duration: duration(gap.lengthNs) })}
          </span>
        )}
        <span class={moment > 0.5 ? "crossing-moment is-late" : "crossing-moment"} style={{ left: share(moment) }}>
          <span>{t("seen here")}</span>
        </span>
      </div>
      <figcaption>
        {seen
          ? t("{after} after the request of {reader} began, it saw the request of {seen}.", names)
          : t("{after} after the request of {reader} began, it saw {seen}. When that one ran is not known, or it is not kept any more.", names)}
      </figcaption>
    </figure>
  );
}

function Lane({ bar, user, request }: { bar: Bar; user: User; request: Request }) {
  const key = userKey(user);
  return (
    <div class="crossing-lane">
      <span
        class={key === null ? "crossing-bar" : "crossing-bar somebody"}
        style={{ left: share(bar.left), width: share(bar.width), ...(key !== null && { "--rt-hue": String(hueOf(key)) }) }}
        title={`${request.method} ${request.path}, ${duration(request.duration_ns)}`}
      >
        {request.path}
      </span>
    </div>
  );
}

function inASentence(user: User): string {
  if (user.state === "authenticated") return userName(user);
  return user.state === "anonymous" ? t("an anonymous visitor") : t("somebody unknown");
}

function spanOf({ start_ns: startNs, duration_ns: lengthNs, outcome }: Request): { startNs: number; endNs: number } {
  return { startNs, endNs: outcome === "open" ? Math.max(startNs, serverTimeNs()) : startNs + lengthNs };
}

function share(part: number): string {
  return `${(part * 100).toFixed(2)}%`;
}
