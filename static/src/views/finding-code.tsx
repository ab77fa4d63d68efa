/** Where somebody is put into the holder, and where it was read: the places, and the lines around them where they are known. */

import { useEffect, useState } from "preact/hooks";

import { t } from "../lib/text";
import type { FindingCode as Code, Excerpt } from "../protocol/messages";
import type { Finding, Frame } from "../protocol/records";
import { fetchCode } from "../state/code";

const NONE: Code = { excerpts: [], mending: null };

/** Return the code of a finding, as soon as the server has told it. */
export function useCode(finding: string): Code {
  const ask = fetchCode.value;
  const [code, setCode] = useState(NONE);
  useEffect(() => {
    let wanted = true;
    setCode(NONE);
    ask?.(finding).then(
      (found) => wanted && setCode(found),
      () => {}, // the places and the fix's sentence stand there all the same
    );
    return () => {
      wanted = false;
    };
  }, [finding, ask]);
  return code;
}

export function FindingCode({ finding, excerpts }: { finding: Finding; excerpts: readonly Excerpt[] }) {
  const places = finding.writer?.places ?? [];
  const of = (role: Excerpt["role"], frame: Frame) =>
    excerpts.find((one) => one.role === role && one.file === frame.file && one.line === frame.line);
  return (
    <>
      {places.length > 0 && (
        <>
          <h3>{finding.writer?.only ? t("The code that writes it, the only place") : t("The code that writes it")}</h3>
          <ol class="stack">
            {places.map((frame) => (
              <Place key={`${frame.file}:${frame.line}`} frame={frame} excerpt={of("writer", frame)} />
            ))}
          </ol>
        </>
      )}
      {finding.stack.length > 0 && (
        <>
          <h3>{t("The code that was running, innermost first")}</h3>
          <ol class="stack">
            {finding.stack.map((frame, place) => (
              <Place key={place} frame={frame} excerpt={place === 0 ? of("reader", frame) : undefined} />
            ))}
          </ol>
        </>
      )}
    </>
  );
}

function Place({ frame, excerpt }: { frame: Frame; excerpt: Excerpt | undefined }) {
  return (
    <li>
      <code>
        {frame.file}:{frame.line}
      </code>{" "}
      <span class="aside">{frame.function}</span>
      {excerpt?.missing && <p class="aside">{whyMissing(excerpt.missing)}</p>}
      {excerpt && excerpt.lines.length > 0 && (
        <pre class="excerpt" tabIndex={0} aria-label={t("Lines around {place}", { place: `${frame.file}:${frame.line}` })}>
          {excerpt.lines.map((line, index) => {
            const number = excerpt.first + index;
            const isIt = number === excerpt.line;
            return (
              <span key={number} class={isIt ? "it" : undefined} aria-current={isIt ? "location" : undefined}>
                {`${String(number).padStart(5)}  ${line}\n`}
              </span>
            );
          })}
        </pre>
      )}
    </li>
  );
}

function whyMissing(missing: NonNullable<Excerpt["missing"]>): string {
  switch (missing) {
    case "elsewhere":
      return t("Its lines are on another host.");
    case "outside":
      return t("Its lines are not shown: it is no file of the project or its libraries.");
    case "gone":
      return t("The file is not there any more.");
    case "changed":
      return t("The file has changed since it was loaded.");
  }
}
