/** A trace document or its lines, read line by line, so that what is whole before a damage or an early end is not lost. */

import { t } from "./text";
import { asRecord, BadRecord, type Kind, type TraceRecords } from "./trace-records";

const FORMAT = "reqtrace";
const VERSION = 1;
const KINDS: Record<string, Kind> = { processes: "process", threads: "thread", requests: "request", findings: "finding" };

/** What was left out, and why. */
export interface Problem {
  /** From 1; 0 for the whole file. */
  line: number;
  what: string;
}

/** The file is no trace of ours, or none that this page can read. */
export class NoTrace extends Error {}

interface Head {
  type?: unknown;
  format?: unknown;
  version?: unknown;
  exported_at?: unknown;
}

/**
 * Takes a file's lines, one after another, and keeps its records.
 *
 * Our exports write a record on each line: NDJSON, and JSON with its brackets at the ends of lines. A document that
 * somebody has formatted anew is read in one piece at its end.
 */
export class TraceText {
  readonly processes: TraceRecords["process"][] = [];
  readonly threads: TraceRecords["thread"][] = [];
  readonly requests: TraceRecords["request"][] = [];
  readonly findings: TraceRecords["finding"][] = [];
  readonly problems: Problem[] = [];
  /** When it was exported, in milliseconds of Unix time; null where it does not say. */
  exportedMs: number | null = null;

  private number = 0;
  /** The last that was not blank. */
  private lastLine = 0;
  private read: ((line: string) => void) | null = null;
  private kind: Kind | null = null;
  private isClosed = false;
  private readonly reformatted: string[] = [];

  /** Whether no line was taken yet. */
  get isEmpty(): boolean {
    return this.number === 0;
  }

  /** Take the next line; throws `NoTrace` as soon as it shows. */
  line(text: string): void {
    this.number += 1;
    const line = text.trim();
    if (line === "") return;
    this.lastLine = this.number;
    this.read ??= this.recognize(line);
    this.read(line);
  }

  /** Take note of the end; a document that ends too early says so. */
  end(): void {
    if (this.number === 0 || !this.read) throw new NoTrace(t("It is empty."));
    const last = this.problems.at(-1);
    if (this.reformatted.length > 0) this.readWhole(this.reformatted.join("\n"));
    else if (last?.line === this.lastLine) last.what = t("the file ends in the middle of a record");
    else if (!this.isClosed) this.problems.push({ line: this.lastLine, what: t("the file ends in the middle") });
  }

  private recognize(line: string): (line: string) => void {
    if (!line.startsWith("{")) throw new NoTrace(t("It begins with “{beginning}”.", { beginning: line.slice(0, 20) }));
    const whole = parsed(line) as Head | undefined;
    if (typeof whole?.type === "string") {
      this.isClosed = true; // lines can end anywhere
      return (next) => this.ofLines(next);
    }
    const head = parsed(`${line.replace(/,$/, "")}}`) as Head | undefined;
    if (head?.format === FORMAT) {
      this.examine(head);
      return (next) => this.ofDocument(next);
    }
    this.refuseOthers(line);
    return (next) => this.reformatted.push(next);
  }

  private ofLines(line: string): void {
    const value = parsed(line) as Head | undefined;
    if (value === undefined) {
      this.leaveOut(t("no whole record"));
      return;
    }
    const { type, ...record } = value;
    if (type === "trace") this.examine(value);
    else if (Object.values(KINDS).includes(type as Kind)) this.keep(type as Kind, record);
    else this.leaveOut(t("there is no type “{type}”", { type: String(type) }));
  }

  private ofDocument(line: string): void {
    const opening = /^"(\w+)":\[/.exec(line);
    if (opening) this.kind = KINDS[opening[1] ?? ""] ?? null;
    const rest = opening ? line.slice(opening[0].length) : line;
    if (this.kind === null || rest === "" || rest === "],") return;
    // A record is followed by a comma, by the end of its array, or by that and the end of the document.
    const value = parsed(rest.replace(/\]?,$/, ""));
    if (value !== undefined) {
      this.keep(this.kind, value);
      return;
    }
    this.isClosed = rest.endsWith("]}");
    const last = parsed(rest.slice(0, -2));
    if (last !== undefined) this.keep(this.kind, last);
    else if (rest !== "]}") this.leaveOut(t("no whole record"));
  }

  /** Read a document that stands on its lines in a way that is not ours. */
  private readWhole(text: string): void {
    let document: Head & Record<string, unknown>;
    try {
      document = JSON.parse(text) as typeof document;
    } catch (error) {
      throw new NoTrace(
        t("It is no JSON, or it is cut off: {reason}. Where lines are not as reqtrace writes them, the whole of it is needed.", {
          reason: (error as Error).message,
        }),
      );
    }
    this.examine(document);
    for (const [name, kind] of Object.entries(KINDS)) {
      const values = document[name];
      if (!Array.isArray(values)) continue;
      for (const value of values) this.keep(kind, value, 0);
    }
  }

  private keep(kind: Kind, value: unknown, line = this.number): void {
    try {
      (this[LISTS[kind]] as TraceRecords[typeof kind][]).push(asRecord(kind, value));
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      this.problems.push({ line, what: t("a {kind} without a proper “{field}”", { kind, field: error.field }) });
    }
  }

  private leaveOut(what: string): void {
    this.problems.push({ line: this.number, what });
  }

  private examine({ format, version, exported_at: exported }: Head): void {
    if (format === undefined) throw new NoTrace(t("It is JSON, but no trace."));
    if (format !== FORMAT) throw new NoTrace(t("It is JSON, but its format is “{format}”.", { format: String(format) }));
    if (typeof version !== "number" || version > VERSION) {
      throw new NoTrace(
        t("It was written by a newer reqtrace: its version is {found}, and this page reads version {known}.", {
          found: String(version),
          known: VERSION,
        }),
      );
    }
    const exportedMs = typeof exported === "string" ? Date.parse(exported) : NaN;
    this.exportedMs = Number.isNaN(exportedMs) ? null : exportedMs;
  }

  /** Know the formats that reqtrace exports for others. */
  private refuseOthers(line: string): void {
    if (line.includes('"traceEvents"')) throw new NoTrace(t("It is a Chrome trace, which is for Perfetto: export JSON or NDJSON to open it here."));
    if (line.includes('"resourceSpans"')) throw new NoTrace(t("It is an OTLP export, which is for collectors: export JSON or NDJSON to open it here."));
  }
}

const LISTS = { process: "processes", thread: "threads", request: "requests", finding: "findings" } as const;

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
