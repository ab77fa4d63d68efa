/** Files as a browser gives them: packed or not, cut off, damaged, and in many pieces. */

import { expect, test } from "vitest";

import ndjson from "../../tests/golden/trace.ndjson?raw";
import { NoTrace } from "./lib/trace-text";
import { readTrace } from "./trace-file";

const noTime = (): void => undefined;
const never = (): boolean => false;

async function packed(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function read(...parts: BlobPart[]): ReturnType<typeof readTrace> {
  return readTrace(new Blob(parts), noTime, never);
}

test("a file is read packed as it is read plain", async () => {
  const [plain, unpacked] = [await read(ndjson), await read(await packed(ndjson))];
  expect(plain.requests.length).toBeGreaterThan(0);
  expect(unpacked.requests).toEqual(plain.requests);
  expect(unpacked.problems).toEqual([]);
});

test("an archive that ends in the middle gives what was whole, and says so", async () => {
  const many = ndjson + ndjson.split("\n").filter((line) => line.includes('"type":"request"')).join("\n").repeat(400);
  const archive = await packed(many);
  const trace = await read(archive.slice(0, archive.length - 30));
  expect(trace.requests.length).toBeGreaterThan(0);
  expect(trace.problems.map(({ what }) => what)).toContain("the archive is damaged, or ends in the middle");
});

test("several archives in one file are one, even if one holds what looks like the beginning of another", async () => {
  const half = ndjson.indexOf("\n", ndjson.length / 2);
  const parts = [await packed(ndjson.slice(0, half)), await packed(ndjson.slice(half)), await packed("\n")];
  // An archive names the file that it was made of, here by the bytes with which another one begins.
  const named = new Uint8Array([...parts[1]!.slice(0, 3), 0x08, ...parts[1]!.slice(4, 10), 0x1f, 0x8b, 0x08, 0]);
  const trace = await read(parts[0]!, named, parts[1]!.slice(10), parts[2]!);
  expect(trace.requests).toEqual((await read(ndjson)).requests);
  expect(trace.problems).toEqual([]);
});

test("letters that a step cuts in two are put together", async () => {
  const line = ndjson.split("\n").find((one) => one.includes('"type":"request"')) as string;
  const path = `/${"ä".repeat(100_000)}/`;
  const [request] = (await read(line.replace(/"path":"[^"]*"/, `"path":"${path}"`))).requests;
  expect(request?.path).toBe(path);
});

test("a large file tells how far it is, and lets the page breathe", async () => {
  const line = `${ndjson.split("\n").find((one) => one.includes('"type":"request"'))}\n`;
  const shares: number[] = [];
  let breaths = 0;
  const breathing = setInterval(() => (breaths += 1));
  const trace = await readTrace(new Blob([line.repeat(3_000)]), (share) => shares.push(share), never);
  clearInterval(breathing);
  expect(trace.requests).toHaveLength(3_000);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.length).toBeGreaterThan(1);
  expect(breaths).toBeGreaterThan(0);
});

test("reading ends when nobody waits for it any more", async () => {
  const trace = await readTrace(new Blob([ndjson]), noTime, () => true);
  expect(trace.requests).toEqual([]);
});

test.each([
  ["Nothing of it can be unpacked: the archive ends in the middle", [0x28, 0xb5, 0x2f, 0xfd, 0]],
  ["Nothing of it can be unpacked: the archive is damaged, or", [0x1f, 0x8b, 8, 0]],
  ["SQLite", [...new TextEncoder().encode("SQLite format 3")]],
  ["picture", [0x89, 0x50, 0x4e, 0x47]],
])("what is no trace at all is named: %s", async (name, bytes) => {
  const reading = read(new Uint8Array(bytes));
  await expect(reading).rejects.toThrow(NoTrace);
  await expect(reading).rejects.toThrow(name);
});
