import { expect, test, vi } from "vitest";

import { fromHash } from "../lib/address";
import { linkTo, show } from "./view";

test("a link to another group leads to its newest occurrence, and any other keeps the one that was chosen", () => {
  vi.stubGlobal("requestAnimationFrame", () => 0);
  show(fromHash("#view=findings&finding=here&occurrence=f1&known=1"));
  expect(fromHash(linkTo({ finding: "elsewhere" }))).toMatchObject({ finding: "elsewhere", occurrence: null, known: true });
  expect(fromHash(linkTo({ tab: "threads" }))).toMatchObject({ tab: "threads", finding: "here", occurrence: "f1" });
});
