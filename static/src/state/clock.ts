/** The server's time as seen from here: for the lengths of requests that still run, and for ages. */

import { signal } from "@preact/signals";

const TICK_MS = 200;

let aheadNs = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Unix time of the server in nanoseconds; moves five times a second, and only while somebody looks at it. */
export const nowNs = signal(Date.now() * 1e6, {
  watched() {
    tick();
    timer = setInterval(tick, TICK_MS);
  },
  unwatched() {
    clearInterval(timer);
  },
});

/** Take the server's time from a message that just arrived. */
export function setServerTime(timeNs: number): void {
  aheadNs = timeNs - Date.now() * 1e6;
}

/** Return the server's time at this very moment, for code that does not want to be drawn again. */
export function serverTimeNs(): number {
  return Date.now() * 1e6 + aheadNs;
}

function tick(): void {
  nowNs.value = serverTimeNs();
}
