/** How far a cause reaches, to whom and since which deploy, and how to see it again. */

import { shellWord } from "../lib/curl";
import { t, tn } from "../lib/text";
import type { Request } from "../protocol/records";
import type { Group } from "../state/groups";
import { records } from "../state/live";
import { CopyButton } from "./copy-button";
import { UserName } from "./marks";
import { Fact } from "./panel";

const PEOPLE_NAMED = 12;

/** The command that tries to prove it, with what was asked for when it was seen, and by whom it was brought about. */
export function Reproduce({ reader, seen }: { reader: Request; seen: Request | undefined }) {
  if (reader.method !== "GET") return null;
  const asked = [seen, reader].filter((request) => request?.method === "GET").map((request) => (request as Request).path);
  const command = `python manage.py reqtrace prove ${[...new Set(asked)].map(shellWord).join(" ")}`;
  return (
    <section class="reproduce">
      <h3>{t("Reproduce it")}</h3>
      <p>
        <code>{command}</code> <CopyButton label={t("Copy")} text={() => command} />
      </p>
      <p class="aside">
        {t("Tries every order and interleaving of people’s requests for this page, and writes the one that breaks it as a test with --write-test.")}
      </p>
    </section>
  );
}

/** As what the cause showed, to whom, and since which deploy. */
export function Extent({ group }: { group: Group }) {
  const { kinds, occurrences, processes } = group;
  const people = new Map(occurrences.flatMap(({ finding }) => [finding.expected.user, finding.observed.user]).map((user) => [user.id, user]));
  people.delete(null);
  const releases = new Set([...processes].map((id) => records.process(id)?.release).filter((release) => release != null));
  return (
    <dl class="facts">
      <Fact name={t("Seen as")} title={t("One cause can show as several kinds of finding; one change mends them all")}>
        {[...kinds].map(([kind, times]) => `${kind} ${times}×`).join(", ")}
      </Fact>
      {people.size > 0 && (
        <Fact name={t("People")} title={t("Who saw somebody else, and who was seen")}>
          {[...people.values()].slice(0, PEOPLE_NAMED).map((user) => (
            <>
              <UserName user={user} />{" "}
            </>
          ))}
          {people.size > PEOPLE_NAMED && <span class="aside">{tn("and {n} more", "and {n} more", people.size - PEOPLE_NAMED)}</span>}
        </Fact>
      )}
      {releases.size > 0 && (
        <Fact name={t("Release")} title={t("The deploys in which it was seen, as the setting RELEASE names them")}>
          {[...releases].join(", ")}
        </Fact>
      )}
    </dl>
  );
}
