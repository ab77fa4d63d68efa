/** Where the bars of two requests stand in a small picture of the moment at which one saw the other. */

export interface Span {
  startNs: number;
  endNs: number;
}

/** Shares of the picture's width, from 0 to 1. */
export interface Bar {
  left: number;
  width: number;
}

export interface Crossing {
  reader: Bar;
  /** Null when only the reader is known. */
  seen: Bar | null;
  moment: number;
  /** Where time was cut out because the two lay far apart. */
  gap: { left: number; width: number; lengthNs: number } | null;
}

/** A pause longer than the requests themselves, by this factor, is cut to `GAP_SHARE` of the width. */
const FAR_APART = 2;
const GAP_SHARE = 0.2;
/** The least share of what is left for one side of the cut. */
const SIDE_LEAST = 0.3;
/** Narrower bars could not be seen. */
const LEAST = 0.015;

/** Lay the reader's request, the request that it saw and the moment of seeing out over the width of a picture. */
export function layOutCrossing(reader: Span, seen: Span | null, momentNs: number): Crossing {
  const spans = seen ? [reader, seen] : [reader];
  const fromNs = Math.min(...spans.map((span) => span.startNs), momentNs);
  const untilNs = Math.max(...spans.map((span) => span.endNs), momentNs);
  const pause = seen ? pauseBetween(reader, seen) : null;
  const lengthNs = untilNs - fromNs;
  const isFar = pause !== null && pause.endNs - pause.startNs > FAR_APART * (lengthNs - (pause.endNs - pause.startNs));
  const cut = isFar ? pause : null;

  const place = (timeNs: number): number => {
    if (!cut) return (timeNs - fromNs) / Math.max(1, lengthNs);
    // On either side of the cut time runs at a pace of its own, or the shorter request would be a mere line.
    const [beforeNs, afterNs] = [Math.max(1, cut.startNs - fromNs), Math.max(1, untilNs - cut.endNs)];
    const before = (1 - GAP_SHARE) * Math.min(1 - SIDE_LEAST, Math.max(SIDE_LEAST, beforeNs / (beforeNs + afterNs)));
    if (timeNs <= cut.startNs) return ((timeNs - fromNs) / beforeNs) * before;
    if (timeNs >= cut.endNs) return 1 - ((untilNs - timeNs) / afterNs) * (1 - GAP_SHARE - before);
    return before + ((timeNs - cut.startNs) / (cut.endNs - cut.startNs)) * GAP_SHARE;
  };
  const bar = ({ startNs, endNs }: Span): Bar => {
    const width = Math.max(LEAST, place(endNs) - place(startNs));
    return { left: Math.min(place(startNs), 1 - width), width };
  };
  return {
    reader: bar(reader),
    seen: seen && bar(seen),
    moment: place(momentNs),
    gap: cut && { left: place(cut.startNs), width: GAP_SHARE, lengthNs: cut.endNs - cut.startNs },
  };
}

function pauseBetween(one: Span, other: Span): Span | null {
  const [first, second] = one.startNs <= other.startNs ? [one, other] : [other, one];
  return second.startNs > first.endNs ? { startNs: first.endNs, endNs: second.startNs } : null;
}
