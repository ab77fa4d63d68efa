/** What is shown in place of the live records, what was left out of it, and the way back. */

import { count } from "../lib/format";
import { t, tn } from "../lib/text";
import { closeFiles, isLive, opened, type OpenedFile, reading, refused, requestsOpened, stopReading } from "../state/opened";
import { RETAIN } from "../state/records";

const PROBLEMS_SHOWN = 5;

export function OpenedBanner() {
  return (
    <>
      <Reading />
      <Refused />
      {!isLive.value && (
        <section class="opened" aria-label={t("Opened files")}>
          <p role="status">
            {tn("Showing {names}: {n} request.", "Showing {names}: {n} requests.", requestsOpened.value, { names: names() })} {t("Live is paused.")}
          </p>
          <button type="button" onClick={closeFiles}>
            {t("Back to live")}
          </button>
          {requestsOpened.value > RETAIN && (
            <p class="trouble">{t("The page holds the newest {n}; the others do not show.", { n: count(RETAIN) })}</p>
          )}
          {opened.value.map((file) => (
            <LeftOut key={file.name} file={file} />
          ))}
        </section>
      )}
    </>
  );
}

function names(): string {
  const [first, ...others] = opened.value.map(({ name }) => name);
  return others.length < 3 ? [first, ...others].join(", ") : t("{first} and {n} more files", { first: first ?? "", n: others.length });
}

function Reading() {
  if (!reading.value) return null;
  const { name, share } = reading.value;
  return (
    <section class="opened">
      <p role="status">{t("Reading {name}…", { name })}</p>
      <progress value={share} aria-label={t("How much of it is read")} />
      <button type="button" onClick={stopReading}>
        {t("Cancel")}
      </button>
    </section>
  );
}

function Refused() {
  if (refused.value.length === 0) return null;
  return (
    <section class="opened is-refused" role="alert">
      <ul>
        {refused.value.map(({ name, why }) => (
          <li key={name}>
            <strong>{t("{name} was not opened.", { name })}</strong> {why}
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" aria-label={t("Dismiss")} onClick={() => (refused.value = [])}>
        ×
      </button>
    </section>
  );
}

function LeftOut({ file: { name, trace } }: { file: OpenedFile }) {
  const { problems } = trace;
  if (problems.length === 0) return null;
  return (
    <details class="left-out">
      <summary>{tn("{name}: {n} piece left out", "{name}: {n} pieces left out", problems.length, { name })}</summary>
      <ul>
        {problems.slice(0, PROBLEMS_SHOWN).map(({ line, what }, place) => (
          <li key={place}>{line > 0 ? t("Line {line}: {what}", { line: count(line), what }) : what}</li>
        ))}
        {problems.length > PROBLEMS_SHOWN && <li>{tn("{n} more", "{n} more", problems.length - PROBLEMS_SHOWN)}</li>}
      </ul>
    </details>
  );
}
