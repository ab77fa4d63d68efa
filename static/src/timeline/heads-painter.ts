/** Draws the lines of hosts and processes, with all that is folded into them. */

import { deploymentOf } from "../lib/answer";
import { t, tn } from "../lib/text";
import { columnsOf, paintColumns } from "./density";
import { type Frame, onCanvas } from "./frame";
import type { Head } from "./layout";
import { write } from "./text";

/** How far a process stands in from its host, in CSS pixels. */
const INDENT_X = 12;
const NAME_X = 24;
const TRIANGLE_X = 10;

export function paintHead(frame: Frame, head: Head): void {
  const { context, theme, layout, strip, cssWidth } = frame;
  const { headCssY } = layout;
  const top = onCanvas(head.cssY, frame);
  const middle = top + headCssY / 2 + 0.5;
  const indentX = head.process !== null && layout.showsHosts ? INDENT_X : 0;
  context.fillStyle = theme.colours.head;
  context.fillRect(0, top, cssWidth, headCssY);
  if (head.isCollapsed) paintTogether(frame, head, top);
  // The first column may begin under the names.
  context.fillStyle = theme.colours.head;
  context.fillRect(0, top, strip.cssLeft - 1, headCssY);
  if (head.process === null) {
    context.fillStyle = theme.colours["line-strong"];
    context.fillRect(0, top, cssWidth, 2);
  }
  paintTriangle(frame, TRIANGLE_X + indentX, middle, head.isCollapsed);
  const nameX = NAME_X + indentX;
  const room = (head.isCollapsed ? strip.cssLeft : cssWidth) - nameX - 6;
  const [name, about] = head.process === null ? wordsOfHost(head) : wordsOfProcess(frame, head.process);
  context.font = theme.strongFont;
  context.fillStyle = theme.colours.text;
  write(context, name, nameX, middle, room);
  const aboutX = nameX + context.measureText(name).width + 8;
  context.font = theme.font;
  context.fillStyle = theme.colours.muted;
  write(context, about, aboutX, middle, nameX + room - aboutX);
}

function wordsOfHost({ host, groups }: Head): [name: string, about: string] {
  return [host.name || t("unknown host"), tn("{n} process", "{n} processes", groups.length)];
}

function wordsOfProcess({ model, layout, strip }: Frame, id: string): [name: string, about: string] {
  const process = model.source.process(id);
  if (!process) return [t("process"), id];
  const words = [t("pid {pid}", { pid: process.pid })];
  if (strip.cssLeft > 120 && !layout.showsHosts) words.push(process.host);
  if (process.release !== null) words.push(process.release);
  if (process.ended_ns !== null) words.push(t("ended"));
  return [deploymentOf(process), words.join("  ·  ")];
}

/** Draw all rows of what is folded as one. */
function paintTogether(frame: Frame, { groups }: Head, top: number): void {
  const { span, strip, nowUs } = frame;
  const tracks = groups.flatMap(({ lanes }) => lanes.flatMap((lane) => lane.tracks));
  const columns = columnsOf(tracks, span, strip, nowUs);
  const band = { cssY: top + 3, cssHeight: frame.layout.headCssY - 6 };
  paintColumns(frame, columns, band, Math.max(1, ...columns.busy));
}

function paintTriangle({ context, theme }: Frame, cssX: number, cssY: number, isCollapsed: boolean): void {
  context.fillStyle = theme.colours.muted;
  context.beginPath();
  if (isCollapsed) {
    context.moveTo(cssX + 2, cssY - 4);
    context.lineTo(cssX + 7, cssY);
    context.lineTo(cssX + 2, cssY + 4);
  } else {
    context.moveTo(cssX, cssY - 2.5);
    context.lineTo(cssX + 8, cssY - 2.5);
    context.lineTo(cssX + 4, cssY + 2.5);
  }
  context.fill();
}
