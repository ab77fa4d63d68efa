/** Where a time axis has its ticks, and what they say. */

import { fixed } from "./format";

/** Steps that people count in, in milliseconds; below the first it goes on by 1, 2, 5. */
const STEPS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3];
const LONG_STEPS_MS = [900e3, 1800e3, 3600e3, 7200e3, 10_800e3, 21_600e3, 43_200e3, 86_400e3];
const ALL_STEPS_MS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, ...STEPS_MS, ...LONG_STEPS_MS];

export interface Tick {
  timeMs: number;
  label: string;
}

/** Return the smallest step of which no more than `most` fit into a span. */
export function stepFor(spanMs: number, most: number): number {
  return ALL_STEPS_MS.find((step) => spanMs / step <= most) ?? 86_400e3;
}

/**
 * Return the ticks between two Unix times.
 *
 * @param zoneMs what local time is ahead of UTC, so that the ticks of long steps stand at full local hours.
 */
export function ticksBetween(fromMs: number, toMs: number, most: number, zoneMs: number): Tick[] {
  const step = stepFor(toMs - fromMs, most);
  const ticks: Tick[] = [];
  const first = Math.ceil((fromMs + zoneMs) / step);
  const last = Math.floor((toMs + zoneMs) / step);
  for (let place = first; place <= last; place++) {
    ticks.push({ timeMs: place * step - zoneMs, label: labelOf(place * step, step) });
  }
  return ticks;
}

/** Write a local time as exactly as the step needs; below a second only what changes is written. */
function labelOf(localMs: number, step: number): string {
  const ofDay = ((localMs % 86_400e3) + 86_400e3) % 86_400e3;
  const seconds = Math.floor(ofDay / 1000 + 1e-9);
  if (step >= 60e3) return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}`;
  const clock = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  if (step >= 1e3) return clock;
  const ms = Math.max(0, ofDay - seconds * 1000);
  if (ms < step / 2) return clock;
  return step >= 1 ? `+${Math.round(ms)} ms` : `+${fixed(ms, step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3)} ms`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
