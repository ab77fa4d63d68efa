/** What processes used of their machines, as far back as stores keep it. */

import { signal } from "@preact/signals";

import { Recent } from "../lib/recent";
import type { Measurement, NativeThread } from "../protocol/records";

/** As many as a store keeps of one process. */
const PER_PROCESS = 600;
const PROCESSES = 500;

const histories = new Recent<string, Measurement[]>(PROCESSES);

/** Grows when something was measured: read it to be drawn again. */
export const measured = signal(0);

/** Begin again with what a full state holds. A server of an earlier version sends none. */
export function replaceMeasurements(measurements: readonly Measurement[] = []): void {
  histories.clear();
  newestNs.value = 0;
  takeMeasurements(measurements);
  measured.value += 1;
}

/** Take in what arrived or was fetched. */
export function takeMeasurements(measurements: readonly Measurement[] = []): void {
  if (measurements.length === 0) return;
  for (const measurement of measurements) {
    const history = histories.get(measurement.process) ?? [];
    const place = history.findLastIndex(({ number }) => number <= measurement.number);
    const isKnown = history[place]?.number === measurement.number;
    history.splice(isKnown ? place : place + 1, isKnown ? 1 : 0, measurement);
    if (history.length > PER_PROCESS) history.shift();
    histories.set(measurement.process, history);
    newestNs.value = Math.max(newestNs.value, measurement.measured_ns);
  }
  measured.value += 1;
}

/** When the last measurement of all was made: the charts of living processes end there together. */
export const newestNs = signal(0);

/** Return what was measured of a process, oldest first. */
export function historyOf(process: string): readonly Measurement[] {
  measured.value;
  return histories.get(process) ?? [];
}

/** Return the threads of a process as they were last looked at. */
export function nativeThreadsOf(process: string): readonly NativeThread[] {
  return historyOf(process).findLast(({ threads }) => threads !== null)?.threads ?? [];
}
