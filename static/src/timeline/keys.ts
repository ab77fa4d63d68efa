/** The timeline's keys, while it has the focus. Letters go by their place, so that they work on every layout. */

import type { Timeline } from "./timeline";
import { moved } from "./viewport";
import { across, along, lastBefore, toFinding } from "./walk";

export interface KeyHooks {
  choose(slot: number): void;
  toggle(process: string): void;
  follow(): void;
}

/** For the list of keys that the page shows. */
export const TIMELINE_KEYS: [keys: string[], meaning: string][] = [
  [["←", "→"], "request before, request after, on the lane"],
  [["↑", "↓"], "to the lane above, below"],
  [[",", "."], "finding before, finding after"],
  [["A", "D"], "earlier, later"],
  [["W", "S"], "scroll lanes up, down"],
  [["+", "-"], "zoom in, out"],
  [["0"], "everything"],
  [["F"], "follow"],
  [["C"], "fold or unfold the process"],
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
  KeyC: fold,
};

/** Do what a key says; false when it says nothing here. Signs go by what is printed, all else by its place. */
export function actOnKey(event: KeyboardEvent, timeline: Timeline, hooks: KeyHooks): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const name = "+-,.".includes(event.key) ? event.key : event.code;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
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

/** Fold the process of the chosen request, else the topmost one. */
function fold({ model, chosenSlot, layout, scrollCssY }: Timeline, hooks: KeyHooks): void {
  const top = layout.heads.find(({ cssY }) => cssY >= scrollCssY) ?? layout.heads.at(-1);
  const group = chosenSlot === undefined ? top?.group : model.laneOf(chosenSlot).group;
  if (group) hooks.toggle(group.process);
}
