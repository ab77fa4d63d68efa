/** The answer of the page: did anybody see somebody else, and what do threads do in this deployment? */

import { answers, verdict } from "../lib/answer";
import { t, tn } from "../lib/text";
import { knownGroups, leakGroups, openGroup, visibleGroups } from "../state/findings";
import { loaded, records } from "../state/live";
import { isPartial } from "../state/opened";
import { calmRevision, threadGroups } from "../state/threads";
import { linkTo } from "../state/view";
import { SharingMark } from "./marks";

/** One sentence for everything. */
export function Verdict() {
  calmRevision.value;
  if (!loaded.value) return null;
  const { state, text } = verdict(visibleGroups.value, records.rows.length, isPartial.value);
  const known = knownGroups.value.length;
  return (
    <a class={`verdict ${state}`} href={linkTo({ tab: "findings", finding: openGroup.value ?? leakGroups.value[0]?.id ?? null })} title={t("Whether one person’s request saw another person; leads to the findings")}>
      <svg viewBox="0 0 16 16" width="15" height="15" aria-hidden="true">
        <path d={SIGNS[state]} />
      </svg>
      <span>
        {text}
        {known > 0 && ` · ${tn("{n} known", "{n} known", known)}`}
      </span>
    </a>
  );
}

const CIRCLE = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z";
const SIGNS = {
  leak: "M5 1h6l4 4v6l-4 4H5l-4-4V5zM7.2 4v5h1.6V4zm0 6.4V12h1.6v-1.6z",
  hazard: "M8 1l7.4 13.5H.6zM7.2 6v4h1.6V6zm0 5.2v1.6h1.6v-1.6z",
  notice: CIRCLE,
  clean: `${CIRCLE}M4.2 8.2l1.1-1.1 1.9 1.9 3.6-3.7 1.1 1.1-4.7 4.8z`,
  waiting: `${CIRCLE}m0 1.6a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 0 1 8 2.6z`,
};

/** One sentence for each kind of process; with `full`, also what that means for code that keeps things on a thread. */
export function Answers({ full = false }: { full?: boolean }) {
  const found = answers(threadGroups.value, visibleGroups.value, isPartial.value);
  if (found.length === 0) return null;
  return (
    <ul class={full ? "answers is-full" : "answers"} aria-label={t("What threads do here")}>
      {found.map(({ deployment, processes, sharing, does, means, found: said, worst }) => (
        <li key={deployment} class={worst}>
          <SharingMark sharing={sharing ?? "exclusive"} />
          <p>
            <strong title={tn("{n} process", "{n} processes", processes)}>{deployment}</strong>: {does}
            {full && means !== null ? `; ${means}.` : "."} <span class="found">{said}</span>
          </p>
        </li>
      ))}
    </ul>
  );
}
