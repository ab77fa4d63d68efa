/** The timeline as a picture to keep: every lane, also those that are scrolled away, and what colours and marks mean. */

import { dateAndTime } from "../lib/format";
import { t, tn } from "../lib/text";
import { AXIS_Y, type Frame, OVERVIEW_Y } from "./frame";
import { legendOf } from "./legend";
import { paintHazard } from "./marks-painter";
import type { Scene } from "./scene";
import type { Tone } from "./theme";
import type { Span } from "./viewport";

/** As high as browsers can draw, in device pixels. */
const HIGHEST = 16_000;
const LINE_Y = 20;
/** Width and height of a colour or a mark in the legend. */
const SAMPLE_X = 20;
const SAMPLE_Y = 11;
const MARGIN_X = 12;
const GAP_X = 16;
/** More colours than these are counted instead of named, and more names of one colour. */
const COLOURS = 24;
const NAMES = 3;

/** One sign of the legend: how it is drawn, and what it means. */
interface Entry {
  words: string;
  /** Draw it from a left edge and an upper edge on. */
  paint(frame: Frame, cssX: number, cssY: number): void;
}

/** Draw the whole timeline on a canvas of its own, and return that as a PNG file. */
export function pictureOf(scene: Scene, shown: Frame, whole: () => Span): Promise<Blob> {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { alpha: false }) as CanvasRenderingContext2D;
  const lines = linesOf(context, shown, entriesOf(shown));
  const legendCssY = (lines.length + 1) * LINE_Y + LINE_Y / 2;
  const mostCssY = HIGHEST / shown.devicePixelRatio - legendCssY;
  const cssHeight = Math.min(mostCssY, AXIS_Y + shown.layout.cssHeight + OVERVIEW_Y);
  const frame = { ...shown, context, cssHeight, scrollCssY: 0, hovered: undefined, focusVisible: false };
  canvas.width = Math.round(frame.cssWidth * frame.devicePixelRatio);
  canvas.height = Math.round((cssHeight + legendCssY) * frame.devicePixelRatio);
  scene.paint(frame, whole);
  paintLegend(frame, lines, legendCssY);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t("This browser cannot write the picture.")))));
  });
}

function entriesOf({ model, span, theme }: Frame): Entry[] {
  const colours = legendOf(model, span);
  const entries: Entry[] = colours.slice(0, COLOURS).map(({ tone, names }) => ({
    words: names.slice(0, NAMES).join(", ") + (names.length > NAMES ? ` +${names.length - NAMES}` : ""),
    paint({ context }, cssX, cssY) {
      const { edge, fill } = theme.tones[tone] as Tone;
      context.fillStyle = edge;
      context.fillRect(cssX, cssY, SAMPLE_X, SAMPLE_Y);
      context.fillStyle = fill;
      context.fillRect(cssX + 1, cssY + 1, SAMPLE_X - 2, SAMPLE_Y - 2);
    },
  }));
  const more = colours.length - COLOURS;
  if (more > 0) entries.push({ words: tn("{n} more colour", "{n} more colours", more), paint: () => undefined });
  return [...entries, ...marks()];
}

function marks(): Entry[] {
  return [
    {
      words: t("several requests on one thread at once"),
      paint({ context, hatch }, cssX, cssY) {
        context.fillStyle = hatch;
        context.fillRect(cssX, cssY, SAMPLE_X, SAMPLE_Y);
      },
    },
    {
      words: t("leak"),
      paint({ context, theme }, cssX, cssY) {
        context.lineWidth = 2;
        context.strokeStyle = theme.colours.bad;
        context.strokeRect(cssX + 1, cssY + 1, SAMPLE_X - 2, SAMPLE_Y - 2);
      },
    },
    {
      words: t("hazard"),
      paint: (frame, cssX, cssY) => paintHazard(frame, { cssX, cssY, cssWidth: SAMPLE_X, cssHeight: SAMPLE_Y }),
    },
  ];
}

/** Break the signs into lines that fit the picture. */
function linesOf(context: CanvasRenderingContext2D, { theme, cssWidth }: Frame, entries: readonly Entry[]): Entry[][] {
  context.font = theme.font;
  const lines: Entry[][] = [[]];
  let cssX = MARGIN_X;
  for (const entry of entries) {
    const width = widthOf(context, entry);
    if (cssX + width > cssWidth - MARGIN_X && cssX > MARGIN_X) {
      lines.push([]);
      cssX = MARGIN_X;
    }
    lines.at(-1)?.push(entry);
    cssX += width;
  }
  return lines;
}

function widthOf(context: CanvasRenderingContext2D, { words }: Entry): number {
  return SAMPLE_X + 6 + context.measureText(words).width + GAP_X;
}

function paintLegend(frame: Frame, lines: readonly Entry[][], cssHeight: number): void {
  const { context, theme, model, span, cssWidth } = frame;
  const top = frame.cssHeight;
  context.fillStyle = theme.colours.ground;
  context.fillRect(0, top, cssWidth, cssHeight);
  context.fillStyle = theme.colours["line-strong"];
  context.fillRect(0, top, cssWidth, 1);
  context.textBaseline = "middle";
  context.font = theme.strongFont;
  context.fillStyle = theme.colours.text;
  const [from, to] = [dateAndTime(model.timeNs(span.fromUs)), dateAndTime(model.timeNs(span.toUs))];
  context.fillText(`reqtrace  ·  ${from} – ${to}`, MARGIN_X, top + LINE_Y * 0.75, cssWidth - 2 * MARGIN_X);
  context.font = theme.font;
  lines.forEach((entries, number) => {
    const cssY = top + (number + 1.75) * LINE_Y;
    let cssX = MARGIN_X;
    for (const entry of entries) {
      entry.paint(frame, cssX, cssY - SAMPLE_Y / 2);
      context.font = theme.font;
      context.textBaseline = "middle";
      context.fillStyle = theme.colours.text;
      context.fillText(entry.words, cssX + SAMPLE_X + 6, cssY);
      cssX += widthOf(context, entry);
    }
  });
}
