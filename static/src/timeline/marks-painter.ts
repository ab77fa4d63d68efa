/** Draws what goes on top of the bars: findings, the chosen and the hovered request, the way of its hops. */

import { t } from "../lib/text";
import type { Request } from "../protocol/records";
import { LEAK } from "./bars";
import type { Rect } from "./bars-painter";
import { type Frame, onCanvas, snapX } from "./frame";
import { rowTop } from "./layout";

const WORD = t("leak");
const WORD_X = 40;
const WORD_Y = 13;
/** How long the head of an arrow is. */
const ARROW_X = 7;
/** With more leaks than this on the screen, the word stands only where it fits into the bar. */
const FEW = 15;

/** Mark leaks with outline, marker and word; hazards with a marker. */
export function paintFindings(frame: Frame, marked: readonly Rect[]): void {
  const { context, theme, model } = frame;
  const isLeak = ({ slot }: Rect): boolean => ((model.bars.marks[slot] as number) & LEAK) !== 0;
  for (const rect of marked) if (!isLeak(rect)) paintHazard(frame, rect);
  const leaks = marked.filter(isLeak);
  context.lineWidth = 2;
  context.strokeStyle = theme.colours.bad;
  for (const { cssX, cssY, cssWidth, cssHeight } of leaks) context.strokeRect(cssX, cssY, cssWidth, cssHeight);
  for (const rect of leaks) {
    const fits = rect.cssWidth > WORD_X + 44 && rect.cssHeight >= WORD_Y - 1;
    if (fits) paintWord(frame, rect.cssX + rect.cssWidth - WORD_X - 1, rect);
    else if (leaks.length <= FEW && rect.cssHeight > 8 && hasRoomBeside(rect, leaks)) paintWord(frame, rect.cssX + rect.cssWidth + 2, rect);
    else paintDiamond(context, theme.colours.bad, rect.cssX + rect.cssWidth / 2, rect.cssY, 4.5);
  }
}

/** Whether a word beside a bar hides none of the other leaks on its row. */
export function hasRoomBeside(rect: Rect, leaks: readonly Rect[]): boolean {
  const fromX = rect.cssX + rect.cssWidth;
  return !leaks.some((other) => other !== rect && other.cssY === rect.cssY && other.cssX >= rect.cssX && other.cssX < fromX + WORD_X + 6);
}

function paintWord({ context, theme }: Frame, cssX: number, { cssY, cssHeight }: Rect): void {
  const middle = cssY + cssHeight / 2;
  context.fillStyle = theme.colours.bad;
  context.beginPath();
  context.roundRect(cssX, middle - WORD_Y / 2, WORD_X, WORD_Y, 3);
  context.fill();
  paintDiamond(context, theme.colours["bad-ink"], cssX + 8, middle, 3.5);
  context.font = theme.strongFont;
  context.textBaseline = "middle";
  context.fillStyle = theme.colours["bad-ink"];
  context.fillText(WORD, cssX + 14, middle + 0.5, WORD_X - 16);
}

/** Mark a bar with a hazard. */
export function paintHazard({ context, theme }: Frame, { cssX, cssY, cssWidth, cssHeight }: Omit<Rect, "slot">): void {
  const size = Math.min(7, cssHeight, Math.max(4, cssWidth));
  const right = cssX + Math.max(cssWidth, size);
  context.fillStyle = theme.colours.warn;
  context.beginPath();
  context.moveTo(right - size, cssY);
  context.lineTo(right, cssY);
  context.lineTo(right, cssY + size);
  context.fill();
}

function paintDiamond(
  context: CanvasRenderingContext2D,
  colour: string,
  cssX: number,
  cssY: number,
  size: number,
): void {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(cssX, cssY - size);
  context.lineTo(cssX + size, cssY);
  context.lineTo(cssX, cssY + size);
  context.lineTo(cssX - size, cssY);
  context.fill();
}

/** Return where a bar stands on the canvas, at least wide enough to be outlined; undefined where it is collapsed. */
export function rectOf(frame: Frame, slot: number): Rect | undefined {
  const { model, layout } = frame;
  const lane = model.laneOf(slot);
  const shelf = layout.shelves.find((one) => one.lane === lane);
  if (!shelf) return undefined;
  const { startUs, endUs, track } = model.bars;
  const cssX = snapX(startUs[slot] as number, frame);
  const toX = snapX(Math.min(endUs[slot] as number, Math.max(frame.nowUs, startUs[slot] as number)), frame);
  const cssY = onCanvas(rowTop(shelf, track[slot] as number), frame);
  return { slot, cssX, cssY, cssWidth: Math.max(3, toX - cssX), cssHeight: Math.max(3, shelf.rowCssY - 2) };
}

/** Outline the chosen request and the one under the pointer. */
export function paintChosen(frame: Frame): void {
  const { context, theme, hovered, chosen } = frame;
  for (const slot of [hovered, chosen]) {
    const rect = slot === undefined ? undefined : rectOf(frame, slot);
    if (!rect) continue;
    context.lineWidth = slot === chosen ? 2.5 : 1.5;
    context.strokeStyle = slot === chosen ? theme.colours.accent : theme.colours.text;
    context.strokeRect(rect.cssX - 1.5, rect.cssY - 1.5, rect.cssWidth + 3, rect.cssHeight + 3);
  }
}

/** Draw the way of the chosen request from lane to lane. */
export function paintHops(frame: Frame): void {
  const { context, theme, model, chosen } = frame;
  if (chosen === undefined) return;
  const { request } = model.rowAt(chosen);
  const { hops } = request;
  if (hops.length < 2) return;
  const points = hops.map((hop) => ({
    cssX: snapX(model.timeUs(request.start_ns + hop.at_ns), frame),
    cssY: middleOf(frame, request, hop.thread_serial, chosen),
  }));
  context.strokeStyle = theme.colours.accent;
  context.lineWidth = 2;
  context.beginPath();
  points.forEach(({ cssX, cssY }, place) => {
    const before = points[place - 1];
    if (!before) {
      context.moveTo(cssX, cssY);
      return;
    }
    context.lineTo(cssX, before.cssY);
    context.lineTo(cssX, cssY);
  });
  context.lineTo(snapX(Math.min(model.bars.endUs[chosen] as number, frame.nowUs), frame), points.at(-1)?.cssY ?? 0);
  context.stroke();
  for (const { cssX, cssY } of points) {
    context.fillStyle = theme.colours.lane;
    context.beginPath();
    context.arc(cssX, cssY, 3.5, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

/** Draw arrows from the chosen request to the jobs that it sent, and to a chosen job from whoever sent it. */
export function paintSendings(frame: Frame): void {
  const { context, model, chosen, strip } = frame;
  if (chosen === undefined) return;
  const { request } = model.rowAt(chosen);
  context.save();
  // Over the lines of processes, and not over names.
  context.beginPath();
  context.rect(strip.cssLeft, 0, strip.cssWidth, frame.cssHeight);
  context.clip();
  for (const job of model.sentBy(request.id)) paintSending(frame, chosen, job);
  const sender = request.parent === null ? undefined : model.slotOf(request.parent);
  if (sender !== undefined) paintSending(frame, sender, chosen);
  context.restore();
}

function paintSending(frame: Frame, sender: number, job: number): void {
  const { context, theme, model } = frame;
  const [by, sent] = [model.rowAt(sender).request, model.rowAt(job).request];
  const startUs = model.bars.startUs[job] as number;
  const sentUs = Math.max(model.bars.startUs[sender] as number, Math.min(model.timeUs(sent.sent_ns ?? sent.start_ns), startUs));
  const [fromX, toX] = [snapX(sentUs, frame), snapX(startUs, frame)];
  const [fromY, toY] = [middleOf(frame, by, by.thread_serial, sender), middleOf(frame, sent, sent.thread_serial, job)];
  context.strokeStyle = context.fillStyle = theme.colours.accent;
  context.lineWidth = 1.5;
  context.setLineDash([5, 3]);
  context.beginPath();
  context.moveTo(fromX, fromY);
  const bendX = Math.max(24, (toX - fromX) / 2);
  context.bezierCurveTo(fromX + bendX, fromY, toX - bendX, toY, toX - ARROW_X, toY);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.arc(fromX, fromY, 2.5, 0, 2 * Math.PI);
  context.moveTo(toX, toY);
  context.lineTo(toX - ARROW_X, toY - 4);
  context.lineTo(toX - ARROW_X, toY + 4);
  context.fill();
}

/** Return the height at which a thread's hops are drawn: its bar, its lane, or the head it is collapsed into. */
function middleOf(frame: Frame, { process, protocol }: Request, serial: number, slot: number): number {
  const { model, layout } = frame;
  const own = model.bars.thread[slot] === serial ? rectOf(frame, slot) : undefined;
  if (own) return own.cssY + own.cssHeight / 2;
  const group = model.group(process);
  const shelf = layout.shelves.find((one) => one.lane === group?.laneOf(serial, protocol));
  if (shelf) return onCanvas(shelf.cssY + Math.min(shelf.cssHeight, 20) / 2, frame);
  const head = layout.heads.find(({ isCollapsed, groups }) => isCollapsed && groups.some((one) => one === group));
  return onCanvas((head?.cssY ?? 0) + layout.headCssY / 2, frame);
}
