/** The story of one group of findings: what happened, to whom, where, and how to mend it. */

import { useState } from "preact/hooks";

import { duration, timeOfDay } from "../lib/format";
import { kindMeans } from "../lib/kinds";
import { t } from "../lib/text";
import { ticketOf } from "../lib/ticket";
import type { Finding, Side } from "../protocol/records";
import { openFindings, toldOccurrence } from "../state/findings";
import { type Group, tellingOf } from "../state/groups";
import { choose, chooseThread, chosen, records } from "../state/live";
import { threadKey } from "../state/records";
import { requestNamed } from "../state/requests";
import { CopyButton } from "./copy-button";
import { CrossingPicture } from "./crossing-picture";
import { FindingCode, useCode } from "./finding-code";
import { Extent, Reproduce } from "./finding-extent";
import { FindingMark } from "./finding-mark";
import { Occurrences } from "./finding-occurrences";
import { LevelMark, UserName } from "./marks";
import { Fact } from "./panel";

export function FindingStory({ group }: { group: Group }) {
  // The story stays with the occurrence that it began with, or it would change under the reader's eyes.
  const [first] = useState(tellingOf(group).finding.id);
  const told = toldOccurrence.value;
  const asked = group.occurrences.find(({ finding }) => finding.id === told);
  const occurrence = asked ?? group.occurrences.find(({ finding }) => finding.id === first) ?? tellingOf(group);
  const { finding, timeNs } = occurrence;
  const reader = requestNamed(finding.expected.request ?? finding.request);
  const { excerpts, mending } = useCode(finding.id);
  const seen = requestNamed(finding.observed.request ?? finding.writer?.request ?? null);
  return (
    <article class="story scrolls" aria-labelledby="story-title" tabIndex={0}>
      <header>
        <button type="button" class="back quiet" onClick={() => openFindings(null)}>
          ← {t("All findings")}
        </button>
        <p class="story-kind">
          <LevelMark level={finding.level} /> <strong>{finding.kind}</strong>
          <span class="aside">{kindMeans(finding.kind)}</span>
        </p>
        <h2 id="story-title" lang="en">
          {finding.message}
        </h2>
        {told !== null && !asked && (
          <p class="hint">{t("The occurrence that the address names is not on this page. This is another one of the same group.")}</p>
        )}
        <div class="story-actions">
          <CopyButton
            label={t("Copy as Markdown for a ticket")}
            text={() => ticketOf({ finding, timeNs, mending, occurrences: group.occurrences.length, requestOf: requestNamed })}
          />
          <FindingMark group={group.id} />
        </div>
      </header>
      <div class="sides">
        <SideCard title={t("The request was for")} side={finding.expected} />
        <SideCard title={t("What it saw")} side={finding.observed} />
      </div>
      {reader && (
        <CrossingPicture
          reader={reader}
          readerUser={finding.expected.user}
          seen={seen?.id === reader.id ? undefined : seen}
          seenUser={finding.observed.user}
          momentNs={reader.start_ns + finding.at_ns}
        />
      )}
      <Where finding={finding} process={occurrence.request?.process ?? reader?.process} />
      <FindingCode finding={finding} excerpts={excerpts} />
      <section class="fix">
        <h3>{t("How to mend it")}</h3>
        <p lang="en">{finding.fix}</p>
        {mending !== null && (
          <>
            <pre class="excerpt" tabIndex={0} lang="en" aria-label={t("The fix as code")}>
              {mending}
            </pre>
            <CopyButton label={t("Copy the code")} text={() => mending} />
          </>
        )}
      </section>
      {reader && <Reproduce reader={reader} seen={seen} />}
      <Extent group={group} />
      <Occurrences group={group} told={finding.id} tell={(id) => (toldOccurrence.value = id)} />
    </article>
  );
}

function SideCard({ title, side }: { title: string; side: Side }) {
  const request = requestNamed(side.request);
  return (
    <section class="side">
      <h3>{title}</h3>
      <p>
        <UserName user={side.user} />
        {side.user.id !== null && side.user.id !== side.user.label && <span class="aside"> {t("id {id}", { id: side.user.id })}</span>}
      </p>
      {request ? (
        <button type="button" class="value" aria-pressed={chosen.value === request.id} onClick={() => choose(request.id)}>
          <span class="method">{request.method}</span> {request.path}
        </button>
      ) : (
        <p class="aside">{side.request === null ? t("which request is not known") : t("request {id}, not kept any more", { id: side.request })}</p>
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
        <Fact name={t("Holder")} title={t("Where code keeps the current request or user")}>
          <code>{holder}</code> {holderKind && <span class="aside">{holderKind}</span>}
        </Fact>
      )}
      {writer && (writtenBy !== null || serial !== null || writer.places.length === 0) && (
        <Fact name={t("Written by")} title={t("Who put into the holder what was found there")}>
          {writtenBy === null ? (
            t("a request that is not known")
          ) : (
            <button type="button" class="value" onClick={() => choose(writtenBy)}>
              <RequestInWords id={writtenBy} />
            </button>
          )}
          {serial !== null && process !== undefined && (
            <>
              {", "}
              <button type="button" class="value" onClick={() => chooseThread(threadKey(process, serial))}>
                {records.thread(process, serial)?.name ?? t("thread")} #{serial}
              </button>
            </>
          )}
        </Fact>
      )}
      <Fact name={t("Read at")} title={t("The moment in the request at which identity was examined")}>
        {checkpoint}
      </Fact>
    </dl>
  );
}

function RequestInWords({ id }: { id: string }) {
  const request = requestNamed(id);
  if (!request) return <>{t("request {id}", { id })}</>;
  return (
    <>
      <span class="method">{request.method}</span> {request.path}
    </>
  );
}
