/**
 * The filter box: what its text means, which requests it lets through, and how the server is asked the same.
 *
 * `user path method status process thread` mean here what they mean as parameters of the API (`reqtrace/queries.py`);
 * `ms` and free words are the page's own.
 */

import type { Request } from "../protocol";

type Accepts = (request: Request) => boolean;

interface Key {
  /** What may stand behind the colon, for people. */
  takes: string;
  /** Whether the server's lists and exports know it too. */
  server: boolean;
  /** Turn a value into a test; null when it cannot be understood. */
  read(value: string): Accepts | null;
}

export const KEYS: Record<string, Key> = {
  user: {
    takes: "a name or id, or anonymous or unresolved, as in user:alice",
    server: true,
    read: (value) => (request) => {
      const { state, id, label } = request.user;
      return value === id || value === label || (state !== "authenticated" && value === state);
    },
  },
  path: {
    takes: "how the path begins, as in path:/cart",
    server: true,
    read: (value) => (request) => request.path.startsWith(value),
  },
  method: {
    takes: "an HTTP method, as in method:POST",
    server: true,
    read(value) {
      const method = value.toUpperCase();
      return /^[A-Z-]+$/.test(method) ? (request) => request.method === method : null;
    },
  },
  status: {
    takes: "a code or a class, as in status:404 or status:5xx",
    server: true,
    read(value) {
      if (!/^[1-5](\d\d|xx)$/i.test(value)) return null;
      const [low, span] = /x/i.test(value) ? [Number(value[0]) * 100, 100] : [Number(value), 1];
      return ({ status }) => status !== null && status >= low && status < low + span;
    },
  },
  process: {
    takes: "a pid or a process id, as in process:4100",
    server: true,
    read: (value) => (request) => value === request.process || value === String(request.pid),
  },
  thread: {
    takes: "a thread's number within its process, as in thread:3",
    server: true,
    read(value) {
      const serial = Number(value);
      return /^[1-9]\d*$/.test(value) ? (request) => request.hops.some((hop) => hop.thread_serial === serial) : null;
    },
  },
  ms: {
    takes: "a duration in milliseconds, as in ms:>200 or ms:<=5",
    server: false,
    read(value) {
      const [, sign, digits] = /^(>=|<=|>|<)(\d+(?:\.\d+)?)$/.exec(value) ?? [];
      if (digits === undefined) return null;
      const limitNs = Number(digits) * 1e6;
      if (sign === ">") return (request) => request.duration_ns > limitNs;
      if (sign === ">=") return (request) => request.duration_ns >= limitNs;
      if (sign === "<") return (request) => request.duration_ns < limitNs;
      return (request) => request.duration_ns <= limitNs;
    },
  },
};

export interface Term {
  /** As it stands in the box. */
  text: string;
  /** Null for a free word. */
  key: string | null;
  value: string;
  accepts: Accepts;
}

export interface Filter {
  terms: Term[];
  /** What could not be understood, each with what it takes; such a term does not filter. */
  problems: string[];
}

/** Read the text of the filter box. All terms must hold; of one key the last one does. */
export function parseFilter(text: string): Filter {
  const terms: Term[] = [];
  const problems: string[] = [];
  for (const piece of text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []) {
    const colon = /^[a-z_-]+(?=:)/i.exec(piece);
    if (!colon) {
      terms.push({ text: piece, key: null, value: unquote(piece), accepts: contains(unquote(piece)) });
      continue;
    }
    const name = colon[0].toLowerCase();
    const value = unquote(piece.slice(name.length + 1));
    const key = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (!key) {
      problems.push(`${name}: is no filter. There are ${Object.keys(KEYS).join(", ")}; quote it to search for it.`);
      continue;
    }
    const accepts = value === "" ? null : key.read(value);
    if (!accepts) {
      problems.push(`${name}: takes ${key.takes}.`);
      continue;
    }
    const earlier = terms.findIndex((term) => term.key === name);
    if (earlier >= 0) {
      const [dropped] = terms.splice(earlier, 1);
      problems.push(`${name}: can stand once; ${piece} holds, ${dropped?.text} does not.`);
    }
    terms.push({ text: piece, key: name, value, accepts });
  }
  return { terms, problems };
}

/** Tell whether a request passes. */
export function matches(filter: Filter, request: Request): boolean {
  return filter.terms.every((term) => term.accepts(request));
}

/** Return the parameters with which the server filters alike, and the terms that it does not know. */
export function toParameters(filter: Filter): { parameters: URLSearchParams; unknown: string[] } {
  const parameters = new URLSearchParams();
  const unknown: string[] = [];
  for (const term of filter.terms) {
    if (term.key !== null && KEYS[term.key]?.server) parameters.set(term.key, term.value);
    else unknown.push(term.text);
  }
  return { parameters, unknown };
}

/** Return the text with a key set to a value, in place of the one it had; null takes the key away. */
export function withKey(text: string, name: string, value: string | null): string {
  const kept = parseFilter(text).terms.filter((term) => term.key !== name).map((term) => term.text);
  if (value !== null) kept.push(`${name}:${/[\s"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value}`);
  return kept.join(" ");
}

/** Return the text without one of its terms. */
export function withoutTerm(text: string, gone: Term): string {
  return parseFilter(text)
    .terms.filter((term) => term.text !== gone.text)
    .map((term) => term.text)
    .join(" ");
}

function contains(word: string): Accepts {
  const needle = word.toLowerCase();
  return ({ path, view, user }) =>
    path.toLowerCase().includes(needle) ||
    view.toLowerCase().includes(needle) ||
    (user.label ?? user.state).toLowerCase().includes(needle);
}

function unquote(text: string): string {
  return text.replaceAll('"', "");
}
