/**
 * The filter box: what its text means, which requests and findings it lets through, and how the server is asked the same.
 *
 * Every key means here what it means as a parameter of the API (`reqtrace/reading/queries.py`); free words are the page's own.
 */

import type { Finding, Request } from "../protocol/records";
import { EVERYTHING, type Key, KEYS } from "./filter-keys";
import { t } from "./text";

export interface Term {
  /** As it stands in the box. */
  text: string;
  /** Null for a free word. */
  key: string | null;
  value: string;
}

export interface Filter {
  terms: Term[];
  /** What could not be understood, each with what it takes; such a term does not filter. */
  problems: string[];
  ofRequest: ((request: Request) => boolean)[];
  ofFinding: ((finding: Finding) => boolean)[];
}

const FREE_WORD = { request: contains };

/** Read the text of the filter box. All terms must hold; of one key the last one does. */
export function parseFilter(text: string): Filter {
  const terms: Term[] = [];
  const problems: string[] = [];
  for (const piece of piecesOf(text)) {
    const [name, value] = split(piece);
    if (name === null) {
      terms.push({ text: piece, key: null, value });
      continue;
    }
    const key = keyOf(name);
    if (!key) {
      const keys = Object.keys(KEYS).join(", ");
      problems.push(t("{name}: is no filter. There are {keys}; quote it to search for it.", { name, keys }));
      continue;
    }
    if (value === "" || !(key.request?.(value) ?? key.finding?.(value))) {
      problems.push(t("{name}: takes {what}, as in {example}.", { name, what: key.takes, example: key.example }));
      continue;
    }
    const earlier = terms.findIndex((term) => term.key === name);
    if (earlier >= 0) {
      const [dropped] = terms.splice(earlier, 1);
      problems.push(
        t("{name}: can stand once; {last} holds, {first} does not.", { name, last: piece, first: dropped?.text ?? "" }),
      );
    }
    terms.push({ text: piece, key: name, value });
  }
  return { terms, problems, ...testsOf(terms) };
}

function testsOf(terms: readonly Term[]): Pick<Filter, "ofRequest" | "ofFinding"> {
  const tests: Pick<Filter, "ofRequest" | "ofFinding"> = { ofRequest: [], ofFinding: [] };
  for (const { key, value } of terms) {
    const { request, finding } = (key === null ? FREE_WORD : KEYS[key]) as Pick<Key, "request" | "finding">;
    const [ofRequest, ofFinding] = [request?.(value), finding?.(value)];
    if (ofRequest && ofRequest !== EVERYTHING) tests.ofRequest.push(ofRequest);
    if (ofFinding) tests.ofFinding.push(ofFinding);
  }
  return tests;
}

/** Tell whether a request passes; where findings are asked for, one of its own must be all that is asked. */
export function matches(filter: Filter, request: Request, findingsOf: (id: string) => readonly Finding[]): boolean {
  return (
    filter.ofRequest.every((accepts) => accepts(request)) &&
    (filter.ofFinding.length === 0 || findingsOf(request.id).some((finding) => isAsked(filter, finding)))
  );
}

/** Tell whether a finding passes: itself, and the request that it was made in, which may be out of reach. */
export function matchesFinding(filter: Filter, finding: Finding, request: Request | undefined): boolean {
  if (!isAsked(filter, finding)) return false;
  return filter.ofRequest.every((accepts) => request !== undefined && accepts(request));
}

function isAsked({ ofFinding }: Filter, finding: Finding): boolean {
  return ofFinding.every((accepts) => accepts(finding));
}

/** Tell whether what `stress` and `prove` sent is asked for; by itself it is not. */
export function asksSynthetic({ terms }: Filter): boolean {
  return terms.some(({ key, value }) => key === "synthetic" && value !== "no");
}

/** Return the parameters with which the server filters alike, and the terms that it does not know. */
export function toParameters(filter: Filter): { parameters: URLSearchParams; unknown: string[] } {
  const parameters = new URLSearchParams();
  const unknown: string[] = [];
  for (const term of filter.terms) {
    if (term.key !== null) parameters.set(term.key, term.value);
    else unknown.push(term.text);
  }
  return { parameters, unknown };
}

/** Return the text with a key set to a value, in place of the one it had; null takes the key away. */
export function withKey(text: string, name: string, value: string | null): string {
  const kept = parseFilter(text).terms.filter((term) => term.key !== name).map((term) => term.text);
  if (value !== null) kept.push(written(name, value));
  return kept.join(" ");
}

/** Return the text without one of its terms. */
export function withoutTerm(text: string, gone: Term): string {
  return parseFilter(text)
    .terms.filter((term) => term.text !== gone.text)
    .map((term) => term.text)
    .join(" ");
}

/** Write a term. */
export function written(name: string, value: string): string {
  return `${name}:${/[\s"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value}`;
}

/** Cut the text of the box into its terms; quotes keep words together. */
export function piecesOf(text: string): string[] {
  return text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
}

/** Take a term apart into its key, null for a free word, and what stands behind it, without quotes. */
export function split(piece: string): [name: string | null, value: string] {
  const name = /^[a-z_-]+(?=:)/i.exec(piece)?.[0] ?? null;
  return [name?.toLowerCase() ?? null, (name === null ? piece : piece.slice(name.length + 1)).replaceAll('"', "")];
}

/** Return what there is to know of a key; undefined when there is no such key. */
export function keyOf(name: string): Key | undefined {
  return Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
}

function contains(word: string): (request: Request) => boolean {
  const needle = word.toLowerCase();
  return ({ path, view, user }) =>
    path.toLowerCase().includes(needle) ||
    view.toLowerCase().includes(needle) ||
    (user.label ?? user.state).toLowerCase().includes(needle);
}
