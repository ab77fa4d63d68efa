/** What one process used over the last minutes: charts that share one cursor with those of all other processes. */

import { bytes, percent, rate } from "../lib/amounts";
import { count, timeOfDay } from "../lib/format";
import { ratePerSecond, tableOf } from "../lib/series";
import { t } from "../lib/text";
import type { Measurement } from "../protocol/records";
import { Chart, pointedAtS } from "./chart";

/** How much of the past the charts show. */
const SPAN_S = 300;

interface Quantity {
  name: string;
  of(measurement: Measurement, before: Measurement | null): number | null;
  /** What the scale is counted in. */
  unit: number;
  /** The scale reaches so many units at least. */
  least: number;
  format(value: number): string;
}

/** What stands in a row that is folded, too. */
export const QUANTITIES: readonly Quantity[] = [
  { name: t("CPU"), of: (one) => one.cpu_utilization, unit: 1, least: 0.1, format: percent },
  { name: t("Memory"), of: (one) => one.memory_usage, unit: 2 ** 20, least: 10, format: bytes },
  { name: t("Threads"), of: (one) => one.thread_count, unit: 1, least: 5, format: count },
  { name: t("Requests"), of: (one) => one.requests_per_second, unit: 1, least: 5, format: rate },
  { name: t("In flight"), of: (one) => one.requests_in_flight, unit: 1, least: 2, format: count },
];

const SWITCHES: Quantity = {
  name: t("Context switches"),
  of: (one, before) => ratePerSecond(before, one, switchesOf),
  unit: 1,
  least: 50,
  format: rate,
};
const FILES: Quantity = { name: t("Open files"), of: (one) => one.open_file_descriptor_count, unit: 1, least: 20, format: count };
const DROPPED: Quantity = { name: t("Dropped"), of: (one) => one.dropped, unit: 1, least: 5, format: count };

function switchesOf({ context_switches_voluntary: waited, context_switches_involuntary: pushed }: Measurement): number | null {
  return waited === null || pushed === null ? null : waited + pushed;
}

interface Props {
  history: readonly Measurement[];
  /** The charts end here; null: with the last measurement. */
  untilNs: number | null;
}

export function ProcessCharts({ history, untilNs }: Props) {
  const untilS = (untilNs ?? history.at(-1)?.measured_ns ?? 0) / 1e9;
  const shown = history.filter(({ measured_ns: timeNs }) => timeNs >= (untilS - SPAN_S) * 1e9);
  // Nothing dropped is as it should be, and needs no picture.
  const quantities = [...QUANTITIES, FILES, SWITCHES, ...(shown.some(({ dropped }) => dropped > 0) ? [DROPPED] : [])];
  const [timesS, ...columns] = tableOf(
    shown,
    quantities.map(({ of }) => of),
  );
  return (
    <div role="group" aria-label={t("The last minutes")}>
      <div class="charts">
      {quantities.map(({ name, unit, least, format }, place) => (
        <Chart
          key={name}
          name={name}
          timesS={timesS}
          values={columns[place] ?? []}
          fromS={untilS - SPAN_S}
          untilS={untilS}
          unit={unit}
          least={least}
          format={format}
        />
      ))}
      </div>
      <Moment untilS={untilS} />
    </div>
  );
}

/** Say which moment the charts' values are of. */
function Moment({ untilS }: { untilS: number }) {
  const atS = pointedAtS.value;
  const time = timeOfDay((atS ?? untilS) * 1e9);
  return <p class="hint moment">{atS === null ? t("The five minutes until {time}", { time }) : t("At {time}", { time })}</p>;
}
