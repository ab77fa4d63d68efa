/** Small marks that several views share: a user, a thread's sharing, a status. None of them speaks by colour alone. */

import type { JSX } from "preact";

import { runningFor } from "../lib/format";
import { hueOf, userKey, userName } from "../lib/people";
import type { Level, Request, Sharing, User } from "../protocol";
import { nowNs } from "../state/clock";

export const SHARING_MEANS: Record<Sharing, string> = {
  exclusive: "served one request so far",
  sequential: "serves requests one after another",
  interleaved: "had several requests in flight at once",
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
    <span class={`sharing ${sharing}`} title={`${sharing}: ${SHARING_MEANS[sharing]}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        {SHARING_BARS[sharing]}
      </svg>
      <span class={word ? undefined : "unseen"}>{sharing}</span>
    </span>
  );
}

/** Write a finding's level. */
export function LevelMark({ level }: { level: Level }) {
  return <span class={`level ${level}`}>{level}</span>;
}

/** Write how a request ended. */
export function Status({ request }: { request: Request }) {
  const { status, outcome } = request;
  if (outcome === "open") return <span class="status running">running</span>;
  if (outcome === "aborted") return <span class="status aborted">{status === null ? "aborted" : `${status} aborted`}</span>;
  if (status === null) return <span class="status s5">{outcome}</span>;
  return <span class={`status s${Math.floor(status / 100)}`}>{status}</span>;
}

/** Count the time of a request that still runs. */
export function RunningTime({ startNs }: { startNs: number }) {
  return <>{runningFor(nowNs.value - startNs)}</>;
}
