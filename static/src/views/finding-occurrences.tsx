/** Every time that a group of findings was seen, the newest first; older ones are fetched from the store when asked for. */

import { useSignal } from "@preact/signals";

import { count, dateAndTime, timeOfDay } from "../lib/format";
import { t, tn } from "../lib/text";
import type { Group, Occurrence } from "../state/groups";
import { choose } from "../state/live";
import { hasOlder, loadOlder } from "../state/older";
import { Status, UserName } from "./marks";

const STEP = 100;

interface Props {
  group: Group;
  /** Id of the finding whose story is told. */
  told: string;
  tell(id: string): void;
}

export function Occurrences({ group, told, tell }: Props) {
  const room = useSignal(STEP);
  const { occurrences, firstNs, lastNs } = group;
  const shown = occurrences.slice(-room.value).reverse();
  const rest = occurrences.length - shown.length;
  return (
    <>
      <h3>{tn("Seen once", "Seen {n} times", occurrences.length)}</h3>
      {firstNs !== null && lastNs !== null && occurrences.length > 1 && (
        <p class="hint">{span(occurrences[0]?.timeNs === null, dateAndTime(firstNs), dateAndTime(lastNs))}</p>
      )}
      <ul class="occurrences">
        {shown.map((occurrence) => (
          <li key={occurrence.finding.id}>
            <OccurrenceButton occurrence={occurrence} told={told} tell={tell} />
          </li>
        ))}
      </ul>
      {rest > 0 ? (
        <button type="button" onClick={() => (room.value += STEP)}>
          {tn("Show {n} more", "Show {n} more", Math.min(STEP, rest))}
        </button>
      ) : (
        <Older group={group} onFound={() => (room.value += STEP)} />
      )}
    </>
  );
}

function span(isOlder: boolean, first: string, last: string): string {
  return isOlder ? t("First before {first}, last on {last}.", { first, last }) : t("First on {first}, last on {last}.", { first, last });
}

/** Look further back in the store than the page does by itself. */
function Older({ group, onFound }: { group: Group; onFound(): void }) {
  const told = useSignal("");
  if (!hasOlder(group)) return <p class="hint">{told.value || t("That is all that the store keeps.")}</p>;
  async function look(): Promise<void> {
    told.value = t("Looking…");
    try {
      const found = await loadOlder(group);
      told.value = found > 0 ? t("{n} older found.", { n: count(found) }) : t("There are no older ones.");
      if (found > 0) onFound();
    } catch (error) {
      told.value = (error as Error).message;
    }
  }
  return (
    <p class="hint">
      <button type="button" onClick={() => void look()}>
        {t("Look for older ones in the store")}
      </button>{" "}
      <span role="status">{told}</span>
    </p>
  );
}

function OccurrenceButton({ occurrence: { finding, request, timeNs }, told, tell }: { occurrence: Occurrence } & Omit<Props, "group">) {
  return (
    <button
      type="button"
      aria-pressed={finding.id === told}
      title={t("Tell the story of this one, and show its request")}
      onClick={() => {
        tell(finding.id);
        choose(finding.request);
      }}
    >
      <span class="at">{timeNs === null ? "–" : timeOfDay(timeNs)}</span>
      <span class="who">
        <UserName user={finding.expected.user} />
        <span aria-hidden="true">→</span>
        <span class="unseen">{t("saw")}</span>
        <UserName user={finding.observed.user} />
      </span>
      <span class="neighbour-path">
        {request ? `${request.method} ${request.path}` : <span class="aside">{t("an earlier request, kept in the store")}</span>}
      </span>
      {request && <Status request={request} />}
    </button>
  );
}
