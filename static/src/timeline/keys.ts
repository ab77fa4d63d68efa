/** The timeline's keys, while it has the focus. Letters go by their place, so that they work on every layout. */

import { t } from "../lib/text";
import type { Timeline } from "./timeline";
import { moved } from "./viewport";
import { across, along, lastBefore, toFinding } from "./walk";

export interface KeyHooks {
  choose(slot: number): void;
  toggle(key: string): void;
  follow(): void;
}

/** For the list of keys that the page shows. */
export const TIMELINE_KEYS: [keys: string[], meaning: string][] = [
  [["←", "→"], t("request before, request after, on the lane")],
  [["↑", "↓"], t("to the lane above, below")],
  [[",", "."], t("finding before, finding after")],
  [["A", "D"], t("earlier, later")],
  [["W", "S"], t("scroll lanes up, down")],
  [["+", "-"], t("zoom in, out")],
  [["0"], t("everything")],
  [["F"], t("follow")],
  [["C"], t("fold or unfold the process")],
  [[t("Shift"), "C"], t("fold or unfold the host, where there are several")],
];

const PAN = 0.12;
const SCROLL_Y = 60;
const ZOOM = 1.5;

type Action = (timeline: Timeline, hooks: KeyHooks) => void;

const ACTIONS: Record<string, Action> = {
  ArrowLeft: walking(({ model }, from) => along(model, from, -1)),
  ArrowRight: walking(({ model }, from) => along(model, from, 1)),
  ArrowUp: walking(({ model, layout }, from) => across(model, layout, from, -1)),
  ArrowDown: walking(({ model, layout }, from) => across(model, layout, from, 1)),
  ",": findingNext(-1),
  ".": findingNext(1),
  KeyA: panning(-PAN),
  KeyD: panning(PAN),
  KeyW: (timeline) => timeline.scrollY(-SCROLL_Y),
  KeyS: (timeline) => timeline.scrollY(SCROLL_Y),
  "+": (timeline) => timeline.zoom(1 / ZOOM),
  Equal: (timeline) => timeline.zoom(1 / ZOOM),
  "-": (timeline) => timeline.zoom(ZOOM),
  Digit0: (timeline) => timeline.showAll(),
  Numpad0: (timeline) => timeline.showAll(),
  KeyF: (_, hooks) => hooks.follow(),
  KeyC: folding("process"),
  ShiftKeyC: folding("host"),
};

/** Do what a key says; false when it says nothing here. Signs go by what is printed, all else by its place. */
export function actOnKey(event: KeyboardEvent, timeline: Timeline, hooks: KeyHooks): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const name = "+-,.".includes(event.key) ? event.key : event.code;
  const shifted = `Shift${name}`;
  const known = event.shiftKey && Object.hasOwn(ACTIONS, shifted) ? shifted : name;
  const action = Object.hasOwn(ACTIONS, known) ? ACTIONS[known] : undefined;
  action?.(timeline, hooks);
  return action !== undefined;
}

/** Walk from the chosen request; without one, begin with the last on the screen. */
function walking(next: (timeline: Timeline, from: number) => number | undefined): Action {
  return (timeline, hooks) => {
    const { model, layout, span, chosenSlot } = timeline;
    const slot = chosenSlot === undefined ? lastBefore(model, layout, span.toUs) : next(timeline, chosenSlot);
    if (slot !== undefined) hooks.choose(slot);
  };
}

function findingNext(step: 1 | -1): Action {
  return ({ model, span, chosenSlot }, hooks) => {
    const edgeUs = step > 0 ? span.fromUs : span.toUs;
    const fromUs = chosenSlot === undefined ? edgeUs : (model.bars.startUs[chosenSlot] as number);
    const slot = toFinding(model, fromUs, step);
    if (slot !== undefined) hooks.choose(slot);
  };
}

function panning(share: number): Action {
  return (timeline) => timeline.look(moved(timeline.span, share * (timeline.span.toUs - timeline.span.fromUs)));
}

/** Fold the process, or the host, of the chosen request, else the topmost one. */
function folding(what: "process" | "host"): Action {
  return ({ model, chosenSlot, layout, scrollCssY }, hooks) => {
    const heads = layout.heads.filter(({ process }) => (process === null) === (what === "host"));
    const chosen = chosenSlot === undefined ? undefined : model.laneOf(chosenSlot).group;
    const around = heads.find(({ groups }) => groups.some((group) => group === chosen));
    const head = around ?? heads.find(({ cssY }) => cssY >= scrollCssY) ?? heads.at(-1);
    if (head) hooks.toggle(head.key);
  };
}
