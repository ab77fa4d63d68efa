/** A request as a command line that sends it once more. */

import type { Request } from "../protocol/records";
import { t } from "./text";

/** Stands for the application's server: a record does not say under which address it was reached. */
const SERVER = "http://localhost:8000";
/** What curl would take for a list or a range of addresses. */
const GLOBS = /[[\]{}]/;
const DOT_SEGMENTS = /\/\.\.?(?:\/|$)/;

/** Return the command for a POSIX shell, below a comment that says what it leaves out. */
export function curlOf({ method, path, query_string: query }: Request): string {
  const words = ["curl"];
  if (method === "HEAD") words.push("--head");
  else if (method !== "GET") words.push("--request", shellWord(method));
  if (GLOBS.test(query ?? "")) words.push("--globoff");
  if (DOT_SEGMENTS.test(path)) words.push("--path-as-is");
  words.push(shellWord(SERVER + addressOf(path, query)));
  const leftOut = t("Left out, as they are not recorded: cookies, credentials, other headers, the body.");
  const server = t("{server} stands for your server.", { server: SERVER });
  return `# ${leftOut} ${server}\n${words.join(" ")}\n`;
}

/** Write a path, which Django has decoded, and a query string, which it has not, as they go over the wire. */
function addressOf(path: string, query: string | null): string {
  const segments = wellFormed(path).split("/").map(encodeURIComponent).join("/");
  return query ? `${segments}?${wellFormed(query).replace(/[^!-~]/gu, encodeURIComponent)}` : segments;
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\uFFFD");
}

/** Write one word for a POSIX shell. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
