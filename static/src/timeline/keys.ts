/** The timeline's keys, while it has the focus. Letters go by their place, so that they work on every layout. */

import type { Timeline } from "./timeline";
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

/** Do what a key says; false when it says nothing here. */
export function actOnKey(event: KeyboardEvent, timeline: Timeline, hooks: KeyHooks): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const walk = (slot: number | undefined): void => {
    if (slot !== undefined) hooks.choose(slot);
  };
  const { model, layout, span, chosenSlot } = timeline;
  const lengthUs = span.toUs - span.fromUs;
  const fromUs = chosenSlot === undefined ? span.toUs : (model.bars.startUs[chosenSlot] as number);
  if (event.key === "+") return zoom(timeline, 1 / ZOOM);
  if (event.key === "-") return zoom(timeline, ZOOM);
  if (event.key === ",") walk(toFinding(model, fromUs, -1));
  else if (event.key === ".") walk(toFinding(model, chosenSlot === undefined ? span.fromUs : fromUs, 1));
  else {
    switch (event.code) {
      case "ArrowLeft":
      case "ArrowRight":
        walk(chosenSlot === undefined ? lastBefore(model, layout, span.toUs) : along(model, chosenSlot, event.code === "ArrowLeft" ? -1 : 1));
        break;
      case "ArrowUp":
      case "ArrowDown":
        walk(chosenSlot === undefined ? lastBefore(model, layout, span.toUs) : across(model, layout, chosenSlot, event.code === "ArrowUp" ? -1 : 1));
        break;
      case "KeyA":
        timeline.look({ fromUs: span.fromUs - lengthUs * PAN, toUs: span.toUs - lengthUs * PAN });
        break;
      case "KeyD":
        timeline.look({ fromUs: span.fromUs + lengthUs * PAN, toUs: span.toUs + lengthUs * PAN });
        break;
      case "KeyW":
        timeline.scrollY(-SCROLL_Y);
        break;
      case "KeyS":
        timeline.scrollY(SCROLL_Y);
        break;
      case "Equal":
      case "NumpadAdd":
        return zoom(timeline, 1 / ZOOM);
      case "Minus":
      case "NumpadSubtract":
        return zoom(timeline, ZOOM);
      case "Digit0":
      case "Numpad0":
        timeline.showAll();
        break;
      case "KeyF":
        hooks.follow();
        break;
      case "KeyC":
        fold(timeline, hooks);
        break;
      default:
        return false;
    }
  }
  return true;
}

function zoom(timeline: Timeline, factor: number): true {
  timeline.zoom(factor);
  return true;
}

/** Fold the process of the chosen request, else the topmost one. */
function fold({ model, chosenSlot, layout, scrollCssY }: Timeline, hooks: KeyHooks): void {
  const top = layout.heads.find(({ cssY }) => cssY >= scrollCssY) ?? layout.heads.at(-1);
  const group = chosenSlot === undefined ? top?.group : model.laneOf(chosenSlot).group;
  if (group) hooks.toggle(group.process);
}
