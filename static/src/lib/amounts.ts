/** Shares, sizes and rates as people read them. */

import { count, fixed } from "./format";
import { language, t } from "./text";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

const PERCENT = [0, 1].map(
  (digits) => new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

/** Write a share of one processor: "7.4%", "120%". */
export function percent(share: number): string {
  return PERCENT[share < 0.0995 ? 1 : 0]?.format(share) ?? "";
}

/** Write a size: "48.6 MiB". */
export function bytes(size: number): string {
  let [value, place] = [size, 0];
  for (; value >= 999.5 && place < UNITS.length - 1; place++) value /= 1024;
  return `${fixed(value, place > 0 && value < 99.95 ? 1 : 0)} ${UNITS[place]}`;
}

/** Write how often something happens: "7.4/s", "1,204/s". */
export function rate(perSecond: number): string {
  return t("{n}/s", { n: perSecond > 0 && perSecond < 9.95 ? fixed(perSecond, 1) : count(Math.round(perSecond)) });
}
