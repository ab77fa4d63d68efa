/** Numbers and times as people read them. */

const COUNT = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** Group a count's digits: 12,345. */
export function count(value: number): string {
  return COUNT.format(value);
}

/** Count things: "1 thread", "12,345 threads". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Write a length of time with three digits that matter: 840 µs, 12.3 ms, 1.24 s, 3 min 05 s. */
export function duration(lengthNs: number): string {
  const ms = lengthNs / 1e6;
  if (ms < 1) return `${Math.round(lengthNs / 1e3)} µs`;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 99.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60, 2)} s`;
  return `${Math.floor(seconds / 3600)} h ${pad(Math.floor(seconds / 60) % 60, 2)} min`;
}

/** Write how long a running request has run, without digits that would flicker. */
export function runningFor(lengthNs: number): string {
  return lengthNs < 60e9 ? `${(Math.max(0, lengthNs) / 1e9).toFixed(1)} s` : duration(lengthNs);
}

/** Write a Unix time as this browser's time of day, to the millisecond. */
export function timeOfDay(timeNs: number): string {
  const ms = Math.floor(timeNs / 1e6);
  return `${CLOCK.format(ms)}.${pad(ms % 1000, 3)}`;
}

/** Write a Unix time with its date. */
export function dateAndTime(timeNs: number): string {
  const ms = Math.floor(timeNs / 1e6);
  return `${DATE.format(ms)}.${pad(ms % 1000, 3)}`;
}

/** Write a rough age: "8 s", "3 min", "2 h", "5 days". */
export function age(lengthNs: number): string {
  const seconds = Math.max(0, Math.round(lengthNs / 1e9));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
