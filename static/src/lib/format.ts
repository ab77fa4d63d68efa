/** Numbers and times as people read them, in the page's language. */

import { language, tn } from "./text";

/** English is international here: the day's hours count to 24, and the day comes before the month. */
const LOCALE = language === "en" ? "en-GB" : language;
const CLOCK_PARTS = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const MS = { fractionalSecondDigits: 3 } as const;

const COUNT = new Intl.NumberFormat(LOCALE);
const FRACTIONS = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const CLOCK = new Intl.DateTimeFormat(LOCALE, CLOCK_PARTS);
const CLOCK_MS = new Intl.DateTimeFormat(LOCALE, { ...CLOCK_PARTS, ...MS });
const DATE_MS = new Intl.DateTimeFormat(LOCALE, { ...CLOCK_PARTS, ...MS, day: "numeric", month: "short", year: "numeric" });

/** Group a count's digits: 12,345. */
export function count(value: number): string {
  return COUNT.format(value);
}

/** Write a number with so many digits behind the point. */
export function fixed(value: number, digits: 0 | 1 | 2 | 3): string {
  return (FRACTIONS[digits] ?? COUNT).format(value);
}

/** Write a length of time with three digits that matter: 840 µs, 12.3 ms, 1.24 s, 3 min 05 s. */
export function duration(lengthNs: number): string {
  const ms = lengthNs / 1e6;
  if (ms < 1) return `${Math.round(lengthNs / 1e3)} µs`;
  if (ms < 10) return `${fixed(ms, 2)} ms`;
  if (ms < 99.95) return `${fixed(ms, 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${fixed(ms / 1000, 2)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor(seconds / 60) % 60)} min`;
}

/** Write how long a running request has run, without digits that would flicker. */
export function runningFor(lengthNs: number): string {
  return lengthNs < 60e9 ? `${fixed(Math.max(0, lengthNs) / 1e9, 1)} s` : duration(lengthNs);
}

/** Write a Unix time as this browser's time of day, to the millisecond. */
export function timeOfDay(timeNs: number): string {
  return CLOCK_MS.format(Math.floor(timeNs / 1e6));
}

/** Write a Unix time as this browser's time of day, to the second. */
export function clock(timeNs: number): string {
  return CLOCK.format(timeNs / 1e6);
}

/** Write a Unix time with its date. */
export function dateAndTime(timeNs: number): string {
  return DATE_MS.format(Math.floor(timeNs / 1e6));
}

/** Write a rough age: "8 s", "3 min", "2 h", "5 days". */
export function age(lengthNs: number): string {
  const seconds = Math.max(0, Math.round(lengthNs / 1e9));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return tn("{n} day", "{n} days", Math.floor(seconds / 86_400));
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** Name what somebody asked for: the method, or that it is a socket. */
export function methodOf({ protocol, method }: { protocol: string; method: string }): string {
  return protocol === "websocket" ? "WS" : method;
}
