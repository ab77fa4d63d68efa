/** One quantity over time as a small chart: its name and value as text, its line by uPlot. */

import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";

import { type Column, scaleTop } from "../lib/series";
import { t } from "../lib/text";
import { watchTheme } from "../timeline/theme";

/** The moment under the pointer, in seconds of Unix time: the same in all charts. */
export const pointedAtS = signal<number | null>(null);

const HEIGHT = 64;
const SYNC = UPlot.sync("processes").key;

interface Props {
  name: string;
  timesS: number[];
  values: Column;
  /** The stretch of time that is shown, in seconds. */
  fromS: number;
  untilS: number;
  /** What the scale is counted in. */
  unit: number;
  /** The scale reaches so many units at least, so that noise does not look like a mountain. */
  least: number;
  format(value: number): string;
}

export function Chart({ name, timesS, values, fromS, untilS, unit, least, format }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | null>(null);
  const pointed = useSignal<number | null>(null);
  const greatest = Math.max(0, ...values.filter((value) => value !== null));
  const top = scaleTop(greatest / unit, least) * unit;
  const shown = pointed.value === null ? values.at(-1) : values[pointed.value];

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const made = new UPlot(options(element.clientWidth, (index) => (pointed.value = index)), [[], []], element);
    chart.current = made;
    const resizing = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resizing.observe(element);
    const unwatch = watchTheme(() => made.redraw(false));
    return () => {
      unwatch();
      resizing.disconnect();
      made.destroy();
    };
  }, []);

  useEffect(() => {
    chart.current?.batch(() => {
      chart.current?.setData([timesS, values], false);
      chart.current?.setScale("x", { min: fromS, max: untilS });
      chart.current?.setScale("y", { min: 0, max: top });
    });
  }, [timesS, values, fromS, untilS, top]);

  return (
    <figure class="chart">
      <figcaption>
        <span title={name}>{name}</span>
        <strong>{shown == null ? "–" : format(shown)}</strong>
        <span class="scale-top" title={t("Where the scale ends")}>
          {format(top)}
        </span>
      </figcaption>
      <div class="plot" ref={place} aria-hidden="true" />
    </figure>
  );
}

function options(width: number, point: (index: number | null) => void): UPlot.Options {
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    scales: { x: { auto: false }, y: { auto: false } },
    axes: [{ show: false }, { show: false }],
    padding: [2, 1, 1, 1],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      sync: { key: SYNC, scales: ["x", null] },
      points: { size: 6 },
    },
    series: [{}, { stroke: ({ root }) => getComputedStyle(root).color, width: 1.5, points: { show: false } }],
    hooks: {
      setCursor: [
        (chart) => {
          const { idx, left } = chart.cursor;
          const inside = left !== undefined && left >= 0;
          point(inside ? (idx ?? null) : null);
          pointedAtS.value = inside ? chart.posToVal(left, "x") : null;
        },
      ],
    },
  };
}
