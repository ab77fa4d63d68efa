import { expect, test } from "vitest";

import type { Request } from "../protocol/records";
import { request } from "../testing";
import { curlOf } from "./curl";

/** The command without the comment above it. */
function command(given: Partial<Request>): string {
  const [comment, ...lines] = curlOf(request(given)).trimEnd().split("\n");
  expect(comment).toMatch(/^# .*cookies, credentials, other headers, the body/);
  expect(lines).toHaveLength(1);
  return lines[0] ?? "";
}

test.each<[given: Partial<Request>, expected: string]>([
  [{}, "curl 'http://localhost:8000/'"],
  [{ method: "POST", path: "/cart/" }, "curl --request 'POST' 'http://localhost:8000/cart/'"],
  [{ method: "HEAD" }, "curl --head 'http://localhost:8000/'"],
  [{ method: "GE'T; reboot #" }, "curl --request 'GE'\\''T; reboot #' 'http://localhost:8000/'"],
  [{ path: "/it's/$(reboot)/`x`/" }, "curl 'http://localhost:8000/it'\\''s/%24(reboot)/%60x%60/'"],
  [{ path: "/a\nb/\u0000/" }, "curl 'http://localhost:8000/a%0Ab/%00/'"],
  [{ path: "/grüße/日本/\ud800/" }, "curl 'http://localhost:8000/gr%C3%BC%C3%9Fe/%E6%97%A5%E6%9C%AC/%EF%BF%BD/'"],
  [{ path: "/what?/50%/#/{a,b}/[1-3]/" }, "curl 'http://localhost:8000/what%3F/50%25/%23/%7Ba%2Cb%7D/%5B1-3%5D/'"],
  [{ path: "/a/../b/" }, "curl --path-as-is 'http://localhost:8000/a/../b/'"],
  [{ query_string: "a=1&b=%20'" }, "curl 'http://localhost:8000/?a=1&b=%20'\\'''"],
  [{ query_string: "a[]=1\nü" }, "curl --globoff 'http://localhost:8000/?a[]=1%0A%C3%BC'"],
])("%j as a command", (given, expected) => {
  expect(command(given)).toBe(expected);
});

test("nothing that could open a door is in it", () => {
  const text = curlOf(request({ session: "5e55", trace_id: "0af7", user: { state: "authenticated", id: "1", label: "alice" } }));
  expect(text).not.toMatch(/5e55|0af7|alice/);
});
