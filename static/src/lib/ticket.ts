/** A finding as Markdown, for a ticket. */

import type { Finding, Request, Side } from "../protocol";
import { count, dateAndTime } from "./format";
import { kindMeans } from "./kinds";
import { userName } from "./people";

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
    `- Kind: ${code(finding.kind)} (${finding.level}): ${kindMeans(finding.kind)}`,
    holder === null ? "" : `- Holder: ${code(holder)}${holderKind ? ` (${holderKind})` : ""}`,
    `- Seen: ${occurrences === 1 ? "once" : `${count(occurrences)} times`}${timeNs === null ? "" : `, this one on ${dateAndTime(timeNs)}`}`,
    `- The request was for ${side(finding.expected, requestOf)}`,
    `- It saw ${side(finding.observed, requestOf)}`,
    writer ? `- Written by request ${code(writer.request ?? "unknown")}, thread #${writer.thread_serial ?? "?"}` : "",
    `- At checkpoint ${code(finding.checkpoint)}`,
  ];
  const sections = [
    `## ${finding.message.replace(/\s+/g, " ")}`,
    facts.filter(Boolean).join("\n"),
    `**Fix:** ${finding.fix}`,
    stack.length > 0 ? `Read from:\n\n${block(stack.map((frame) => `${frame.file}:${frame.line} in ${frame.function}`))}` : "",
    `Found by reqtrace; group ${code(finding.group)}, finding ${code(finding.id)}.`,
  ];
  return `${sections.filter(Boolean).join("\n\n")}\n`;
}

function side({ request: id, user }: Side, requestOf: Told["requestOf"]): string {
  const request = id === null ? undefined : requestOf(id);
  const who = `${code(userName(user))}${user.id === null ? "" : ` (id ${code(user.id)})`}`;
  if (request) return `${who}: ${code(`${request.method} ${request.path}`)}, request ${code(request.id)}`;
  return id === null ? who : `${who}, request ${code(id)}`;
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
