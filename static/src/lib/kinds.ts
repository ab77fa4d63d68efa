/** What findings' words mean, for people who meet them for the first time. */

import type { Level } from "../protocol";

export const LEVEL_MEANS: Record<Level, string> = {
  leak: "one person’s request saw another person",
  hazard: "nobody was seen yet, but the next request may be",
  notice: "nobody else is seen, but code is told that there is no request",
};

const KIND_MEANS: Record<string, string> = {
  crossed: "while a request ran, a holder named somebody else",
  leftover: "a holder still named a request that was over",
  swapped: "request.user became somebody else within a request",
  "session-crossed": "the session was somebody else’s",
  "response-crossed": "a response made for one person went to another",
  "context-crossed": "a request began in a context that held another request’s values",
  "connection-crossed": "a database connection carried another request’s setting",
  retained: "a request was still in memory after it was over",
  outlived: "work that a request started ran on after it was over",
  lost: "code that runs for a request was told that there is none",
};

/** Say what a kind of finding is, in half a sentence; a kind of a newer server goes by its name alone. */
export function kindMeans(kind: string): string {
  return KIND_MEANS[kind] ?? kind;
}
