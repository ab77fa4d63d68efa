/** The server's time as seen from here: for the lengths of requests that still run, and for ages. */

import { computed, signal } from "@preact/signals";

const TICK_MS = 200;

let aheadNs = 0;
let stoppedNs: number | null = null;
let timer: ReturnType<typeof setInterval> | undefined;

/** Moves five times a second, and only while somebody looks at it. */
export const ticks = signal(0, {
  watched() {
    tick();
    timer = setInterval(tick, TICK_MS);
  },
  unwatched() {
    clearInterval(timer);
  },
});

/** Unix time of the server in nanoseconds, as of the last tick. */
export const nowNs = computed(() => {
  ticks.value;
  return serverTimeNs();
});

/** Take the server's time from a message that just arrived. */
export function setServerTime(timeNs: number): void {
  aheadNs = timeNs - Date.now() * 1e6;
}

/** Return the server's time at this very moment, for code that does not want to be drawn again. */
export function serverTimeNs(): number {
  return stoppedNs ?? Date.now() * 1e6 + aheadNs;
}

/** Stop at a moment, the last that an opened file tells of; null goes on with the server's time. Ticks go on. */
export function stopClock(atNs: number | null): void {
  stoppedNs = atNs;
  tick();
}

function tick(): void {
  ticks.value += 1;
}
