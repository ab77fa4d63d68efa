/** Opened files: they take the place of the server, make one trace, and leave nothing behind when they are closed. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import ndjson from "../../../tests/golden/trace.ndjson?raw";
import { serverTimeNs } from "./clock";
import { loaded, records } from "./live";
import { closeFiles, isLive, openFiles, opened, refused, requestsOpened, takeTurnsWith } from "./opened";

const server = { leave: vi.fn(), comeBack: vi.fn() };
const [head, ...lines] = ndjson.trimEnd().split("\n");
const requests = lines.filter((line) => line.includes('"type":"request"'));

function file(name: string, ...content: (string | undefined)[]): File {
  return new File([content.join("\n")], name);
}

beforeEach(() => {
  vi.stubGlobal("requestAnimationFrame", () => 0);
  takeTurnsWith(server);
  vi.clearAllMocks();
});

afterEach(() => {
  closeFiles();
  vi.unstubAllGlobals();
});

test("several files make one trace, in which a request that stands in both counts once", async () => {
  await openFiles([file("one.ndjson", head, requests[0], requests[1]), file("other.ndjson", head, requests[1], requests[2])]);
  expect(opened.value.map(({ name }) => name)).toEqual(["one.ndjson", "other.ndjson"]);
  expect([requestsOpened.value, records.rows.length]).toEqual([3, 3]);
  expect(server.leave).toHaveBeenCalledOnce();
});

test("a file that is opened later is added to those that are open", async () => {
  await openFiles([file("one.ndjson", head, requests[0])]);
  await openFiles([file("other.ndjson", head, requests[1])]);
  expect(records.rows).toHaveLength(2);
  expect(server.leave).toHaveBeenCalledOnce();
});

test("the page's clock stops where the story of the files ends", async () => {
  await openFiles([file("whole.ndjson", ndjson)]);
  const stopped = serverTimeNs();
  expect(stopped).toBe(Math.max(...records.rows.map(({ request }) => request.start_ns + request.duration_ns), stopped));
  expect(stopped).toBeLessThan(Date.now() * 1e6);
  closeFiles();
  expect(serverTimeNs()).toBeGreaterThan(stopped);
});

test("what is no trace leaves the live page as it is", async () => {
  await openFiles([file("notes.txt", "milk, bread"), file("empty.ndjson", head)]);
  expect(refused.value.map(({ name }) => name)).toEqual(["notes.txt", "empty.ndjson"]);
  expect(isLive.value).toBe(true);
  expect(server.leave).not.toHaveBeenCalled();
});

test("closing forgets what the files held before the server is heard again", async () => {
  await openFiles([file("whole.ndjson", ndjson)]);
  server.comeBack.mockImplementationOnce(() => expect([records.rows.length, loaded.value]).toEqual([0, false]));
  closeFiles();
  expect(server.comeBack).toHaveBeenCalledOnce();
});
