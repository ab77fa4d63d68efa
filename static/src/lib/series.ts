/** Measurements as the columns that charts draw. */

import type { Measurement } from "../protocol/records";

export type Column = (number | null)[];

/** Seconds of Unix time, and one column for each quantity. */
export type Table = [timesS: number[], ...columns: Column[]];

/** Longer than this nothing was measured: the line breaks. An idle process is measured every five seconds. */
const GAP_NS = 12e9;

/** Return a column for each of the quantities; where measurements are missing stands a row of nulls. */
export function tableOf(
  measurements: readonly Measurement[],
  quantities: readonly ((measurement: Measurement, before: Measurement | null) => number | null)[],
): Table {
  const times: number[] = [];
  const columns = quantities.map((): Column => []);
  let before: Measurement | null = null;
  for (const measurement of measurements) {
    const { measured_ns: timeNs } = measurement;
    if (before !== null && timeNs - before.measured_ns > GAP_NS) {
      times.push((before.measured_ns + timeNs) / 2e9);
      for (const column of columns) column.push(null);
      before = null;
    }
    times.push(timeNs / 1e9);
    for (const [place, quantity] of quantities.entries()) columns[place]?.push(quantity(measurement, before));
    before = measurement;
  }
  return [times, ...columns];
}

/** Return how often something counted up happened in a second, between two measurements; null when unknown. */
export function ratePerSecond(
  before: Measurement | null | undefined,
  last: Measurement | undefined,
  counter: (measurement: Measurement) => number | null,
): number | null {
  if (!before || !last) return null;
  const [from, until] = [counter(before), counter(last)];
  const lengthNs = last.measured_ns - before.measured_ns;
  return from === null || until === null || lengthNs <= 0 ? null : ((until - from) * 1e9) / lengthNs;
}

/** Return the top of a scale that shows the greatest value without jumping about: 1, 2 or 5 times a power of ten. */
export function scaleTop(greatest: number, least: number): number {
  const wanted = Math.max(greatest, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return ([1, 2, 5].find((step) => step * power >= wanted) ?? 10) * power;
}
