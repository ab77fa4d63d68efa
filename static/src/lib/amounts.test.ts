import { expect, test } from "vitest";

import { bytes, percent, rate } from "./amounts";

test.each([
  [0, "0.0%"],
  [0.0742, "7.4%"],
  [0.0999, "10%"],
  [1.2, "120%"],
])("a share of %d is %s", (share, text) => expect(percent(share)).toBe(text));

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1023, "1.0 KiB"],
  [50_946_048, "48.6 MiB"],
  [1024 ** 3 * 1.5, "1.5 GiB"],
  [1024 ** 2 * 512, "512 MiB"],
])("%d bytes are %s", (size, text) => expect(bytes(size)).toBe(text));

test.each([
  [0, "0/s"],
  [2.04, "2.0/s"],
  [9.96, "10/s"],
  [1204, "1,204/s"],
])("%d in a second is %s", (perSecond, text) => expect(rate(perSecond)).toBe(text));
