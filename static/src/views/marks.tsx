/** Small marks that several views share: a user, a thread's sharing, a status. None of them speaks by colour alone. */

import type { JSX } from "preact";

import { runningFor } from "../lib/format";
import { LEVEL_MEANS, LEVEL_NAMES } from "../lib/kinds";
import { hueOf, userKey, userName } from "../lib/people";
import { t } from "../lib/text";
import type { Level, Request, Sharing, User } from "../protocol/records";
import { nowNs } from "../state/clock";

export const SHARING_MEANS: Record<Sharing, string> = {
  exclusive: t("served one request so far"),
  sequential: t("serves requests one after another"),
  interleaved: t("had several requests in flight at once"),
};
export const SHARING_NAMES: Record<Sharing, string> = {
  exclusive: t("exclusive"),
  sequential: t("sequential"),
  interleaved: t("interleaved"),
};

const SHARING_BARS: Record<Sharing, JSX.Element> = {
  exclusive: <path d="M1 6h6v4H1z" />,
  sequential: <path d="M1 6h3.6v4H1zM6.2 6h3.6v4H6.2zM11.4 6H15v4h-3.6z" />,
  interleaved: <path d="M1 2h9v3H1zM4 6.5h11v3H4zM2.5 11h8v3h-8z" />,
};

/** Show who a request is for. */
export function UserName({ user }: { user: User }) {
  const key = userKey(user);
  if (key === null) return <span class={`user nobody ${user.state}`}>{userName(user)}</span>;
  return (
    <span class="user somebody" style={{ "--rt-hue": String(hueOf(key)) }}>
      {userName(user)}
    </span>
  );
}

/** Write a thread's name so that, where room is short, its end stays: that is where pool threads differ. */
export function ThreadName({ name }: { name: string }) {
  const cut = Math.max(0, name.length - 4);
  return (
    <span class="thread-name">
      <span>{name.slice(0, cut)}</span>
      <span>{name.slice(cut)}</span>
    </span>
  );
}

/** Draw what a thread turned out to be; the word stands beside it or is read out. */
export function SharingMark({ sharing, word = false }: { sharing: Sharing; word?: boolean }) {
  return (
    <span class={`sharing ${sharing}`} title={`${SHARING_NAMES[sharing]}: ${SHARING_MEANS[sharing]}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {SHARING_BARS[sharing]}
      </svg>
      <span class={word ? undefined : "unseen"}>{SHARING_NAMES[sharing]}</span>
    </span>
  );
}

const LEVEL_SIGNS: Record<Level, JSX.Element> = {
  leak: <path d="M3.7.8h4.6l2.9 2.9v4.6l-2.9 2.9H3.7L.8 8.3V3.7zM5.3 3v3.8h1.4V3zm0 4.7v1.4h1.4V7.7z" fill-rule="evenodd" />,
  hazard: <path d="M6 .8 11.6 11H.4zM5.4 4.2v3.4h1.2V4.2zm0 4.4v1.2h1.2V8.6z" fill-rule="evenodd" />,
  notice: <path d="M6 .8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 6 .8zM5.4 3v1.3h1.2V3zm0 2.2V9h1.2V5.2z" fill-rule="evenodd" />,
};

/** Show a finding's level by shape, colour and word. */
export function LevelMark({ level }: { level: Level }) {
  return (
    <span class={`level ${level}`} title={`${LEVEL_NAMES[level]}: ${LEVEL_MEANS[level]}`}>
      <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
        {LEVEL_SIGNS[level]}
      </svg>
      {LEVEL_NAMES[level]}
    </span>
  );
}

/** Name a holder by its last parts, which is where holders differ; the whole of it stands in the tooltip. */
export function HolderName({ holder }: { holder: string }) {
  const parts = holder.split(".");
  const short = parts.slice(-2).join(".");
  return (
    <code class="holder" title={holder}>
      {parts.length > 2 ? `…${short}` : short}
    </code>
  );
}

/** Write how a request ended. */
export function Status({ request }: { request: Request }) {
  const { status, outcome } = request;
  if (outcome === "open") return <span class="status running">{t("running")}</span>;
  if (outcome === "aborted") {
    return <span class="status aborted">{status === null ? t("aborted") : t("{status} aborted", { status })}</span>;
  }
  if (status === null && outcome === "ok" && request.protocol === "job") return <span class="status s2">{t("done")}</span>;
  if (status === null) return <span class="status s5">{outcome === "error" ? t("error") : t("no response")}</span>;
  return <span class={`status s${Math.floor(status / 100)}`}>{status}</span>;
}

/** Count the time of a request that still runs. */
export function RunningTime({ startNs }: { startNs: number }) {
  return <>{runningFor(nowNs.value - startNs)}</>;
}
