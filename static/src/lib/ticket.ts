/** A finding as Markdown, for a ticket: in English in every language, as the finding itself is recorded. */

import type { Finding, Request, Side, User, Writer } from "../protocol/records";
import { kindMeans } from "./kinds";
import { english } from "./text";

export interface Told {
  finding: Finding;
  /** How often its group was seen. */
  occurrences: number;
  timeNs: number | null;
  /** The fix as code, where there is any. */
  mending: string | null;
  /** Looks a request up among those known here. */
  requestOf(id: string): Request | undefined;
}

/** Tell a finding in Markdown: what happened, both sides, where, and how to mend it. */
export function ticketOf({ finding, occurrences, timeNs, mending, requestOf }: Told): string {
  const { holder, holder_kind: holderKind, writer, stack } = finding;
  const facts = [
    english("Kind: {kind} ({level}): {meaning}", {
      kind: code(finding.kind),
      level: finding.level,
      meaning: kindMeans(finding.kind, english),
    }),
    holder === null ? "" : english("Holder: {holder}", { holder: `${code(holder)}${holderKind ? ` (${holderKind})` : ""}` }),
    seen(occurrences, timeNs),
    english("The request was for {whom}", { whom: side(finding.expected, requestOf) }),
    english("It saw {whom}", { whom: side(finding.observed, requestOf) }),
    writer
      ? english("Written by request {request}, thread #{thread}", {
          request: code(writer.request ?? english("unknown")),
          thread: writer.thread_serial ?? "?",
        })
      : "",
    writer && writer.places.length > 0 ? writtenIn(writer) : "",
    english("At checkpoint {checkpoint}", { checkpoint: code(finding.checkpoint) }),
  ];
  const sections = [
    `## ${finding.message.replace(/\s+/g, " ")}`,
    facts.filter(Boolean).map((fact) => `- ${fact}`).join("\n"),
    `**${english("Fix:")}** ${finding.fix}`,
    mending === null ? "" : block(mending.trimEnd().split("\n"), "python"),
    stack.length > 0 ? `${english("Read from:")}\n\n${block(stack.map((frame) => `${frame.file}:${frame.line} in ${frame.function}`))}` : "",
    english("Found by reqtrace; group {group}, finding {finding}.", { group: code(finding.group), finding: code(finding.id) }),
  ];
  return `${sections.filter(Boolean).join("\n\n")}\n`;
}

function writtenIn({ places, only }: Writer): string {
  const where = places.map((place) => code(`${place.file}:${place.line} in ${place.function}`)).join(", ");
  return only ? english("Written in {where}, and nowhere else", { where }) : english("Written in {where}", { where });
}

/** The time is that of no place, since readers sit anywhere. */
function seen(occurrences: number, timeNs: number | null): string {
  const often = occurrences === 1 ? english("Seen once") : english("Seen {occurrences} times", { occurrences });
  return timeNs === null ? often : english("{often}, this one at {when}", { often, when: new Date(timeNs / 1e6).toISOString() });
}

function nameOf(user: User): string {
  if (user.state === "authenticated") return user.label ?? user.id ?? english("someone");
  return user.state === "anonymous" ? english("anonymous") : english("not resolved");
}

function side({ request: id, user }: Side, requestOf: Told["requestOf"]): string {
  const request = id === null ? undefined : requestOf(id);
  const who = `${code(nameOf(user))}${user.id === null ? "" : ` (${english("id {id}", { id: code(user.id) })})`}`;
  const named = id === null ? who : english("{who}, request {id}", { who, id: code(id) });
  return request ? `${named}: ${code(`${request.method} ${request.path}`)}` : named;
}

/** Fence text in more backticks than it holds, so that nothing in it is taken for Markdown. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  const fence = "`".repeat(longestRun(flat) + 1);
  const space = flat.startsWith("`") || flat.endsWith("`") ? " " : "";
  return `${fence}${space}${flat}${space}${fence}`;
}

function block(lines: string[], language = ""): string {
  const text = lines.join("\n");
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
