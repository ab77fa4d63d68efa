/** What the filter box offers while somebody types: its keys, and behind a key the values that were really seen. */

import type { Finding, Request } from "../protocol/records";
import { keyOf, split, written } from "./filter";
import { KEYS } from "./filter-keys";

/** What values are taken from. */
export interface Seen {
  /** Newest last. */
  requests: readonly { request: Request }[];
  findings: readonly Finding[];
}

export interface Option {
  /** What stands in the box in place of the word, once this is taken. */
  text: string;
  /** What it means, of a key; how often it was seen, of a value. */
  takes: string;
  count: number;
}

/** The word that the caret stands in. */
export interface Word {
  from: number;
  to: number;
  /** As far as the caret. */
  text: string;
}

const OFFERED = 8;
/** So many requests, the newest, are looked through: enough to know what there is, few enough to do so at every key. */
const LOOKED_THROUGH = 20_000;

/** Return the word at the caret; quotes keep words together. */
export function wordAt(text: string, caret: number): Word {
  for (const { index, 0: piece } of text.matchAll(/(?:"[^"]*"?|[^\s"])+/g)) {
    if (index < caret && caret <= index + piece.length) {
      return { from: index, to: index + piece.length, text: text.slice(index, caret) };
    }
  }
  return { from: caret, to: caret, text: "" };
}

/** Offer what the word may become, the likeliest first; nothing when it is whole already. */
export function complete(word: Word, seen: Seen): Option[] {
  const [name, value] = split(word.text);
  if (name === null) {
    return Object.entries(KEYS)
      .filter(([key]) => key.startsWith(value.toLowerCase()))
      .map(([key, { takes }]) => ({ text: `${key}:`, takes, count: 0 }));
  }
  const counts = countValues(name, seen);
  const wanted = value.toLowerCase();
  const begins = (text: string): number => Number(text.toLowerCase().startsWith(wanted));
  const found = [...counts].filter(([text]) => text.toLowerCase().includes(wanted));
  if (found.length === 1 && found[0]?.[0] === value) return [];
  return found
    .sort(([a, timesA], [b, timesB]) => begins(b) - begins(a) || timesB - timesA)
    .slice(0, OFFERED)
    .map(([text, count]) => ({ text: written(name, text), takes: "", count }));
}

/** Put an option in place of a word; return the text and where the caret stands then. */
export function accept(text: string, word: Word, option: Option): { text: string; caret: number } {
  const isKey = option.text.endsWith(":");
  const rest = text.slice(word.to).trimStart();
  const before = text.slice(0, word.from) + option.text + (isKey && rest === "" ? "" : " ");
  return { text: before + rest, caret: isKey ? word.from + option.text.length : before.length };
}

function countValues(name: string, { requests, findings }: Seen): Map<string, number> {
  const key = keyOf(name);
  const counts = new Map((key?.offers ?? []).map((value) => [value, 0]));
  const add = (value: string | number | null): void => {
    if (value !== null && value !== "") counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  };
  const { seenInRequest, seenInFinding } = key ?? {};
  if (seenInRequest) {
    for (const { request } of requests.slice(-LOOKED_THROUGH)) new Set(seenInRequest(request)).forEach(add);
  }
  if (seenInFinding) for (const finding of findings) seenInFinding(finding).forEach(add);
  return counts;
}
