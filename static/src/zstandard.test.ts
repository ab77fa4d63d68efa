/** Zstandard as `zstd` and Python write it, and as it is cut off or damaged on the way. */

import { expect, test } from "vitest";

import ndjson from "../../tests/golden/trace.ndjson?raw";
import golden from "../../tests/golden/trace.ndjson.zst.base64?raw";
import { readTrace } from "./trace-file";
import { BadArchive, isZstandard, unzstandard } from "./zstandard";

const packed = Uint8Array.from(atob(golden), (sign) => sign.charCodeAt(0));
const SKIPPED = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
const noTime = (): void => undefined;

/** A frame of blocks that hold text as it is. */
function frame(blocks: readonly string[], descriptor = 0x50): Uint8Array<ArrayBuffer> {
  const bytes = [0x28, 0xb5, 0x2f, 0xfd, 0, descriptor];
  for (const [place, block] of blocks.entries()) {
    const content = new TextEncoder().encode(block);
    const head = (content.length << 3) | Number(place === blocks.length - 1);
    bytes.push(head & 255, (head >> 8) & 255, head >> 16, ...content);
  }
  return Uint8Array.from(bytes);
}

async function unpack(...parts: BlobPart[]): Promise<{ text: string; trouble: string | null }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const piece of unzstandard(new Blob(parts), noTime)) text += decoder.decode(piece, { stream: true });
  } catch (error) {
    expect(error).toBeInstanceOf(BadArchive);
    return { text, trouble: (error as Error).message };
  }
  return { text, trouble: null };
}

test("a file is read packed as it is read plain", async () => {
  const read = (...parts: BlobPart[]): ReturnType<typeof readTrace> => readTrace(new Blob(parts), noTime, () => false);
  const trace = await read(packed);
  expect(trace.requests.length).toBeGreaterThan(0);
  expect(trace.requests).toEqual((await read(ndjson)).requests);
  expect(trace.problems).toEqual([]);
});

test("frames one behind another are one file; those to be skipped and zeros at the end are nothing", async () => {
  expect(isZstandard(SKIPPED)).toBe(true);
  expect(await unpack(SKIPPED, frame(["a", "b"]), SKIPPED, packed, frame(["", "c"]), new Uint8Array(9))).toEqual({
    text: `ab${ndjson}c`,
    trouble: null,
  });
});

test("wherever an archive is cut off, what is whole comes out and the end is said", async () => {
  const whole = new Uint8Array([...frame(["one", "two"]), ...packed]);
  for (let length = 1; length < whole.length; length += length < 40 ? 1 : 7) {
    const { text, trouble } = await unpack(whole.slice(0, length));
    expect(`onetwo${ndjson}`.startsWith(text)).toBe(true);
    expect(trouble).toBe(length === frame(["one", "two"]).length ? null : "the archive ends in the middle");
  }
});

test("a byte that is not what it was is noticed, by the checksum at the latest, or changes nothing", async () => {
  let noticed = 0;
  for (let at = 4; at < packed.length; at += 13) {
    const { text, trouble } = await unpack(packed.map((byte, place) => (place === at ? byte ^ 0x41 : byte)));
    if (trouble === null) expect(text, `with another byte at ${at}`).toBe(ndjson); // a bit that nobody reads
    else noticed += 1;
  }
  expect(noticed).toBeGreaterThan(packed.length / 13 - 3);
});

test("what stands behind an archive is said", async () => {
  expect(await unpack(frame(["whole"]), "and so on")).toEqual({ text: "whole", trouble: "behind the archive stands something else" });
});

test("a few bytes that stand for gigabytes come out in pieces, and what no block may hold is not made", async () => {
  const repeated = (count: number): number[] => [2 | ((count << 3) & 255), (count >> 5) & 255, count >> 13, 0x61];
  const bomb = Uint8Array.from([...frame([""]).slice(0, 6), ...Array.from({ length: 1_000 }, () => repeated(1 << 17)).flat()]);
  const sizes: number[] = [];
  await expect(async () => {
    for await (const piece of unzstandard(new Blob([bomb]), noTime)) sizes.push(piece.length);
  }).rejects.toThrow("ends in the middle");
  expect(sizes).toEqual(Array.from({ length: 1_000 }, () => 1 << 17));
  const tooLarge = Uint8Array.from([...frame([""]).slice(0, 6), ...repeated((1 << 17) + 1)]);
  expect(await unpack(tooLarge)).toEqual({ text: "", trouble: "the archive is damaged" });
});

test("an archive that would take too much memory, or a dictionary, is refused in words", async () => {
  expect((await unpack(frame(["far"], 0x90))).trouble).toMatch("further than 128 MiB");
  const withDictionary = frame(["known"]);
  withDictionary.set([1, withDictionary[5] as number, 7], 4);
  expect((await unpack(withDictionary)).trouble).toMatch("dictionary");
});
