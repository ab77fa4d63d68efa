/** Traces out of text: our own exports whole, cut off and damaged, others' writing of them, and what is no trace. */

import { expect, test } from "vitest";

import json from "../../../tests/golden/trace.json?raw";
import ndjson from "../../../tests/golden/trace.ndjson?raw";
import { NoTrace, TraceText } from "./trace-text";

function readAll(text: string): TraceText {
  const trace = new TraceText();
  for (const line of text.split("\n")) trace.line(line);
  trace.end();
  return trace;
}

function counts({ processes, threads, requests, findings }: TraceText): number[] {
  return [processes.length, threads.length, requests.length, findings.length];
}

const WHOLE = counts(readAll(JSON.stringify(JSON.parse(json), null, 2)));

test("both exports of one trace give the same records, in whatever way the document is written", () => {
  const [one, other] = [readAll(json), readAll(ndjson)];
  expect(counts(one)).toEqual(WHOLE);
  expect(one.requests).toEqual(other.requests);
  expect(one.findings).toEqual(other.findings);
  expect(counts(readAll(JSON.stringify(JSON.parse(json))))).toEqual(WHOLE);
  for (const trace of [one, other]) {
    expect(trace.problems).toEqual([]);
    expect(trace.exportedMs).toBe(Date.parse("2026-01-31T12:00:05.123456Z"));
  }
});

test("a document without findings ends as it should", () => {
  const document = `{"format":"reqtrace","version":1,"exported_at":"2026-01-31T12:00:05.123456Z","dropped":0,\n"processes":[],\n"findings":[]}\n`;
  expect(readAll(document).problems).toEqual([]);
});

test.each([
  ["JSON", json],
  ["NDJSON", ndjson],
])("of %s that is cut off in the middle of a record, what is whole is kept and the rest is named by its line", (_, text) => {
  const cut = text.slice(0, text.lastIndexOf('"message"'));
  const trace = readAll(cut);
  expect(counts(trace)).toEqual([...WHOLE.slice(0, 3), (WHOLE[3] ?? 0) - 1]);
  expect(trace.problems[0]).toEqual({ line: cut.split("\n").length, what: "the file ends in the middle of a record" });
  expect(trace.problems).toHaveLength(1);
});

test("a document that is cut off behind a record says so", () => {
  const lines = json.trimEnd().split("\n");
  const trace = readAll(lines.slice(0, -1).join("\n"));
  expect(trace.problems).toEqual([{ line: lines.length - 1, what: "the file ends in the middle" }]);
});

test("a damage takes the record in which it lies, and no other", () => {
  const lines = ndjson.trimEnd().split("\n");
  const first = lines.findIndex((line) => line.startsWith('{"type":"request"'));
  lines[first] = (lines[first] as string).replace('"start_ns":', '"start_ns":"');
  lines[first + 1] = (lines[first + 1] as string).replace('"path":', '"pith":');
  lines[first + 2] = '{"type":"weather"}';
  expect(readAll(lines.join("\n")).problems).toEqual([
    { line: first + 1, what: "no whole record" },
    { line: first + 2, what: "a request without a proper “path”" },
    { line: first + 3, what: "there is no type “weather”" },
  ]);
});

test("what an older reqtrace did not write yet is filled in", () => {
  const older = ndjson.replaceAll(',"query_string":null', "").replaceAll(/,"readings":\[[^\]]*\]/g, "");
  const [request] = readAll(older).requests;
  expect([request?.query_string, request?.readings]).toEqual([null, []]);
});

test.each([
  ["", "It is empty."],
  ["\u0000binary", "It begins with"],
  ['{"traceEvents":[\n{}]}', "It is a Chrome trace"],
  ['{"resourceSpans":[]}\n{"resourceSpans":[]}', "It is an OTLP export"],
  ['{"name": "reqtrace-page"}', "It is JSON, but no trace."],
  ['{"format":"weather","version":1}', "its format is “weather”"],
  ['{\n  "format": "reqtrace",\n', "It is no JSON, or it is cut off"],
  [json.replace('"version":1', '"version":2'), "written by a newer reqtrace: its version is 2"],
  [ndjson.replace('"version":1', '"version":2'), "written by a newer reqtrace: its version is 2"],
])("%j is refused with what was found", (text, why) => {
  const read = (): TraceText => readAll(text);
  expect(read).toThrow(NoTrace);
  expect(read).toThrow(why);
});
