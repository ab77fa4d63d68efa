/** The story of one group of findings: what happened, to whom, where, and how to mend it. */

import { useState } from "preact/hooks";

import { count, dateAndTime, duration, plural, timeOfDay } from "../lib/format";
import { kindMeans } from "../lib/kinds";
import { ticketOf } from "../lib/ticket";
import type { Finding, Side } from "../protocol";
import { openGroup } from "../state/findings";
import type { Group, Occurrence } from "../state/groups";
import { hidden, setHidden } from "../state/hidden";
import { choose, chooseThread, chosen, records } from "../state/live";
import { threadKey } from "../state/records";
import { requestNamed } from "../state/requests";
import { CopyButton } from "./copy-button";
import { CrossingPicture } from "./crossing-picture";
import { LevelMark, Status, UserName } from "./marks";
import { Fact } from "./panel";

const OCCURRENCES_SHOWN = 100;

export function FindingStory({ group }: { group: Group }) {
  // The story stays with the occurrence that it began with, or it would change under the reader's eyes.
  const [told, tell] = useState(group.occurrences.at(-1)?.finding.id);
  const occurrence = group.occurrences.find(({ finding }) => finding.id === told) ?? group.occurrences.at(-1);
  if (!occurrence) return null;
  const { finding, timeNs } = occurrence;
  const reader = requestNamed(finding.expected.request ?? finding.request);
  const seen = requestNamed(finding.observed.request ?? finding.writer?.request ?? null);
  return (
    <article class="story scrolls" aria-labelledby="story-title" tabIndex={0}>
      <header>
        <button type="button" class="back quiet" onClick={() => (openGroup.value = null)}>
          ← All findings
        </button>
        <p class="story-kind">
          <LevelMark level={finding.level} /> <strong>{finding.kind}</strong>
          <span class="aside">{kindMeans(finding.kind)}</span>
        </p>
        <h2 id="story-title">{finding.message}</h2>
        <div class="story-actions">
          <CopyButton
            label="Copy as Markdown for a ticket"
            text={() => ticketOf({ finding, timeNs, occurrences: group.occurrences.length, requestOf: requestNamed })}
          />
          <HideButton group={group.id} />
        </div>
      </header>
      <p class="fix">
        <strong>How to mend it</strong> {finding.fix}
      </p>
      {reader && (
        <CrossingPicture
          reader={reader}
          readerUser={finding.expected.user}
          seen={seen?.id === reader.id ? undefined : seen}
          seenUser={finding.observed.user}
          momentNs={reader.start_ns + finding.at_ns}
        />
      )}
      <div class="sides">
        <SideCard title="The request was for" side={finding.expected} />
        <SideCard title="What it saw" side={finding.observed} />
      </div>
      <Where finding={finding} process={occurrence.request?.process ?? reader?.process} />
      <Stack frames={finding.stack} />
      <Occurrences group={group} told={finding.id} tell={tell} />
    </article>
  );
}

function HideButton({ group }: { group: string }) {
  const isHidden = hidden.value.has(group);
  return (
    <button
      type="button"
      title="Only in this browser: everybody else still sees it, and so does the store."
      onClick={() => setHidden(group, !isHidden)}
    >
      {isHidden ? "Show again" : "Hide in this browser"}
    </button>
  );
}

function SideCard({ title, side }: { title: string; side: Side }) {
  const request = requestNamed(side.request);
  return (
    <section class="side">
      <h3>{title}</h3>
      <p>
        <UserName user={side.user} />
        {side.user.id !== null && side.user.id !== side.user.label && <span class="aside"> id {side.user.id}</span>}
      </p>
      {request ? (
        <button type="button" class="value" aria-pressed={chosen.value === request.id} onClick={() => choose(request.id)}>
          <span class="method">{request.method}</span> {request.path}
        </button>
      ) : (
        <p class="aside">{side.request === null ? "which request is not known" : `request ${side.request}, not kept any more`}</p>
      )}
      {request && (
        <p class="aside">
          {request.thread_name} #{request.thread_serial}, {timeOfDay(request.start_ns)}, {duration(request.duration_ns)}
        </p>
      )}
    </section>
  );
}

function Where({ finding, process }: { finding: Finding; process: string | undefined }) {
  const { holder, holder_kind: holderKind, writer, checkpoint } = finding;
  const serial = writer?.thread_serial ?? null;
  const writtenBy = writer?.request ?? null;
  return (
    <dl class="facts">
      {holder !== null && (
        <Fact name="Holder" title="Where code keeps the current request or user">
          <code>{holder}</code> {holderKind && <span class="aside">{holderKind}</span>}
        </Fact>
      )}
      {writer && (
        <Fact name="Written by" title="Who put into the holder what was found there">
          {writtenBy === null ? (
            "a request that is not known"
          ) : (
            <button type="button" class="value" onClick={() => choose(writtenBy)}>
              request {writtenBy}
            </button>
          )}
          {serial !== null && process !== undefined && (
            <>
              {" on "}
              <button type="button" class="value" onClick={() => chooseThread(threadKey(process, serial))}>
                {records.thread(process, serial)?.name ?? "thread"} #{serial}
              </button>
            </>
          )}
        </Fact>
      )}
      <Fact name="Read at" title="The moment in the request at which identity was examined">
        {checkpoint}
      </Fact>
    </dl>
  );
}

function Stack({ frames }: { frames: Finding["stack"] }) {
  if (frames.length === 0) return null;
  return (
    <>
      <h3>The code that was running, innermost first</h3>
      <ol class="stack">
        {frames.map((frame, place) => (
          <li key={place}>
            <code>
              {frame.file}:{frame.line}
            </code>{" "}
            <span class="aside">{frame.function}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

interface OccurrencesProps {
  group: Group;
  /** Id of the finding whose story is told. */
  told: string;
  tell(id: string): void;
}

function Occurrences({ group: { occurrences, firstNs, lastNs }, told, tell }: OccurrencesProps) {
  const shown = occurrences.slice(-OCCURRENCES_SHOWN).reverse();
  return (
    <>
      <h3>{occurrences.length === 1 ? "Seen once" : `Seen ${count(occurrences.length)} times`}</h3>
      {firstNs !== null && lastNs !== null && occurrences.length > 1 && (
        <p class="hint">
          First {occurrences[0]?.timeNs === null ? "before" : "on"} {dateAndTime(firstNs)}, last on {dateAndTime(lastNs)}.
        </p>
      )}
      <ul class="occurrences">
        {shown.map((occurrence) => (
          <li key={occurrence.finding.id}>
            <OccurrenceButton occurrence={occurrence} told={told} tell={tell} />
          </li>
        ))}
      </ul>
      {occurrences.length > shown.length && (
        <p class="hint">The newest {plural(shown.length, "occurrence")} of those.</p>
      )}
    </>
  );
}

function OccurrenceButton({ occurrence: { finding, request, timeNs }, told, tell }: { occurrence: Occurrence } & Omit<OccurrencesProps, "group">) {
  return (
    <button
      type="button"
      aria-pressed={finding.id === told}
      title="Tell the story of this one, and show its request"
      onClick={() => {
        tell(finding.id);
        choose(finding.request);
      }}
    >
      <span class="at">{timeNs === null ? "–" : timeOfDay(timeNs)}</span>
      <span class="who">
        <UserName user={finding.expected.user} />
        <span aria-hidden="true">→</span>
        <span class="unseen">saw</span>
        <UserName user={finding.observed.user} />
      </span>
      <span class="neighbour-path">
        {request ? `${request.method} ${request.path}` : <span class="aside">an earlier request, kept in the store</span>}
      </span>
      {request && <Status request={request} />}
    </button>
  );
}
