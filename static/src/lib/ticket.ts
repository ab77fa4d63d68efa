/** A finding as Markdown, for a ticket. */

import type { Finding, Request, Side } from "../protocol";
import { dateAndTime } from "./format";
import { kindMeans, LEVEL_NAMES } from "./kinds";
import { userName } from "./people";
import { t, tn } from "./text";

export interface Told {
  finding: Finding;
  /** How often its group was seen. */
  occurrences: number;
  timeNs: number | null;
  /** Looks a request up among those known here. */
  requestOf(id: string): Request | undefined;
}

/** Tell a finding in Markdown: what happened, both sides, where, and how to mend it. */
export function ticketOf({ finding, occurrences, timeNs, requestOf }: Told): string {
  const { holder, holder_kind: holderKind, writer, stack } = finding;
  const facts = [
    t("Kind: {kind} ({level}): {meaning}", {
      kind: code(finding.kind),
      level: LEVEL_NAMES[finding.level],
      meaning: kindMeans(finding.kind),
    }),
    holder === null ? "" : t("Holder: {holder}", { holder: `${code(holder)}${holderKind ? ` (${holderKind})` : ""}` }),
    `${tn("Seen once", "Seen {n} times", occurrences)}${timeNs === null ? "" : t(", this one on {when}", { when: dateAndTime(timeNs) })}`,
    t("The request was for {whom}", { whom: side(finding.expected, requestOf) }),
    t("It saw {whom}", { whom: side(finding.observed, requestOf) }),
    writer
      ? t("Written by request {request}, thread #{thread}", {
          request: code(writer.request ?? t("unknown")),
          thread: writer.thread_serial ?? "?",
        })
      : "",
    t("At checkpoint {checkpoint}", { checkpoint: code(finding.checkpoint) }),
  ];
  const sections = [
    `## ${finding.message.replace(/\s+/g, " ")}`,
    facts.filter(Boolean).map((fact) => `- ${fact}`).join("\n"),
    `**${t("Fix:")}** ${finding.fix}`,
    stack.length > 0 ? `${t("Read from:")}\n\n${block(stack.map((frame) => `${frame.file}:${frame.line} in ${frame.function}`))}` : "",
    t("Found by reqtrace; group {group}, finding {finding}.", { group: code(finding.group), finding: code(finding.id) }),
  ];
  return `${sections.filter(Boolean).join("\n\n")}\n`;
}

function side({ request: id, user }: Side, requestOf: Told["requestOf"]): string {
  const request = id === null ? undefined : requestOf(id);
  const who = `${code(userName(user))}${user.id === null ? "" : ` (${t("id {id}", { id: code(user.id) })})`}`;
  const named = id === null ? who : t("{who}, request {id}", { who, id: code(id) });
  return request ? `${named}: ${code(`${request.method} ${request.path}`)}` : named;
}

/** Fence text in more backticks than it holds, so that nothing in it is taken for Markdown. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  const fence = "`".repeat(longestRun(flat) + 1);
  const space = flat.startsWith("`") || flat.endsWith("`") ? " " : "";
  return `${fence}${space}${flat}${space}${fence}`;
}

function block(lines: string[]): string {
  const text = lines.join("\n");
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}\n${text}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
