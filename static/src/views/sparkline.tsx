/** A row of small bars: how often something happened over the time that the page holds. */

import { timeOfDay } from "../lib/format";
import { histogram } from "../lib/histogram";
import { tn } from "../lib/text";

const BUCKETS = 24;
const HEIGHT = 20;

interface Props {
  timesNs: readonly number[];
  fromNs: number;
  untilNs: number;
}

export function Sparkline({ timesNs, fromNs, untilNs }: Props) {
  const counts = histogram(timesNs, fromNs, untilNs, BUCKETS);
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, place) => {
    const height = count === 0 ? 1 : Math.max(3, (count / most) * HEIGHT);
    return `M${place * 4} ${HEIGHT}v${-height}h3v${height}z`;
  });
  const stretch = { from: timeOfDay(fromNs), until: timeOfDay(untilNs) };
  const label = tn("{n} time between {from} and {until}", "{n} times between {from} and {until}", timesNs.length, stretch);
  return (
    <svg class="sparkline" viewBox={`0 0 ${BUCKETS * 4} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      <title>{label}</title>
      <path d={bars.join("")} />
    </svg>
  );
}
