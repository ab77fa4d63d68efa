import { expect, test } from "vitest";

import { Xxh64 } from "./xxh64";

/** As Zstandard itself writes them. */
test.each([
  [0, 0x51d8e999],
  [1, 0xdb052768],
  [32, 0x16ff32b4],
  [45, 0x6409abdf],
  [1_000, 0xa88b54d3],
])("the checksum of %i bytes is that of others, however they come", (length, expected) => {
  const bytes = Uint8Array.from({ length }, (_, place) => place % 251);
  for (const step of [1, 7, 32, 1_000]) {
    const checksum = new Xxh64();
    for (let at = 0; at < length; at += step) checksum.update(bytes.subarray(at, at + step));
    expect(checksum.digest()).toBe(expected);
  }
});
