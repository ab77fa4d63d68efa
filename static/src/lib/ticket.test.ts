import { afterEach, expect, test } from "vitest";

import { finding, request } from "../testing";
import { speak } from "./text";
import { ticketOf } from "./ticket";

const ALICE = { state: "authenticated", id: "1", label: "alice" } as const;
const BOB = { state: "authenticated", id: "2", label: "bob" } as const;

test("a ticket tells what happened, both sides, the place and the fix", () => {
  const text = ticketOf({
    finding: finding({
      message: "While alice was served, shop._local named bob.",
      fix: "Clear shop._local.",
      holder: "shop._local",
      holder_kind: "threading.local",
      expected: { request: "r1", user: ALICE },
      observed: { request: "r2", user: BOB },
      writer: {
        request: "r2",
        thread_serial: 4,
        places: [{ file: "shop/middleware.py", line: 9, function: "Current.__call__" }],
        only: true,
      },
      stack: [{ file: "shop/views.py", line: 12, function: "orders" }],
    }),
    occurrences: 3,
    timeNs: null,
    mending: "del shop._local.user\n",
    requestOf: (id) => (id === "r1" ? request({ id: "r1", path: "/orders/" }) : undefined),
  });
  expect(text).toBe(`## While alice was served, shop._local named bob.

- Kind: \`crossed\` (leak): while a request ran, a holder named somebody else
- Holder: \`shop._local\` (threading.local)
- Seen 3 times
- The request was for \`alice\` (id \`1\`), request \`r1\`: \`GET /orders/\`
- It saw \`bob\` (id \`2\`), request \`r2\`
- Written by request \`r2\`, thread #4
- Written in \`shop/middleware.py:9 in Current.__call__\`, and nowhere else
- At checkpoint \`view\`

**Fix:** Clear shop._local.

\`\`\`python
del shop._local.user
\`\`\`

Read from:

\`\`\`
shop/views.py:12 in orders
\`\`\`

Found by reqtrace; group \`g1\`, finding \`f1\`.
`);
});

afterEach(() => speak("en", {}));

test("a ticket is English in every language, and its time that of no place", () => {
  speak("de", { "Seen once": "Einmal gesehen", "Fix:": "Behebung:", "while a request ran, a holder named somebody else": "…", anonymous: "anonym" });
  const text = ticketOf({
    finding: finding({ expected: { request: null, user: { state: "anonymous", id: null, label: null } } }),
    occurrences: 1,
    timeNs: Date.UTC(2026, 0, 31, 12, 0, 0, 250) * 1e6 + 1e3,
    mending: null,
    requestOf: () => undefined,
  });
  expect(text).toContain("(leak): while a request ran, a holder named somebody else\n");
  expect(text).toContain("- Seen once, this one at 2026-01-31T12:00:00.250Z\n");
  expect(text).toContain("- The request was for `anonymous`\n");
  expect(text).toContain("**Fix:**");
});

test("a name cannot break out of its code span", () => {
  const user = { state: "authenticated", id: null, label: "`` **bold**\n# head" } as const;
  const text = ticketOf({
    finding: finding({ expected: { request: null, user } }),
    occurrences: 1,
    timeNs: null,
    mending: null,
    requestOf: () => undefined,
  });
  expect(text).toContain("- The request was for ``` `` **bold** # head ```\n");
});
