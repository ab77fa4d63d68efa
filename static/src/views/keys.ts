/** The keyboard: changes between the parts of the page, walks the table and the findings, opens and closes, wherever the focus is unless it is in a field. */

import { TABS } from "../lib/address";
import { listedGroups, openFindings, openGroup } from "../state/findings";
import { active, choose, chooseThread, chosen, listing, paused, pinnedThread, records, setPaused } from "../state/live";
import { tab } from "../state/view";
import { FILTER_ID } from "./filter-box";
import { helpOpen } from "./help";

const PAGE = 10;

/** Listen to keys from now on; returns how to stop. */
export function listenToKeys(): () => void {
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || helpOpen.value || event.isComposing) return;
  const target = event.target instanceof HTMLElement ? event.target : document.body;
  if (target.matches("input, textarea, select")) {
    if (event.code !== "Escape") return;
    // Of itself a search field would empty on Escape, and tell nobody.
    event.preventDefault();
    target.blur();
    return;
  }
  if (act(event, target)) event.preventDefault();
}

/** Do what a key says; false when it says nothing here. Letters go by their place, signs by what is printed. */
function act(event: KeyboardEvent, target: HTMLElement): boolean {
  const scrolls = target.closest(".scrolls, .panel-body") !== null;
  if (event.key === "/") return focusFilter();
  if (event.key === "?") return (helpOpen.value = true);
  switch (event.code) {
    case "Digit1":
    case "Digit2":
    case "Digit3":
    case "Digit4":
      tab.value = TABS[Number(event.code.slice(-1)) - 1] ?? tab.value;
      return true;
    case "Escape":
      return closeInnermost();
    case "Space":
      if (target.closest("button, a, summary")) return false;
      setPaused(!paused.value);
      return true;
    case "Enter":
      if (target.closest("button, a, summary") || active.value === null) return false;
      choose(active.value);
      return true;
    case "KeyJ":
      return move(1);
    case "KeyK":
      return move(-1);
    case "ArrowDown":
      return !scrolls && move(1);
    case "ArrowUp":
      return !scrolls && move(-1);
    case "PageDown":
      return !scrolls && move(PAGE);
    case "PageUp":
      return !scrolls && move(-PAGE);
    case "Home":
      return !scrolls && move(-Infinity);
    case "End":
      return !scrolls && move(Infinity);
    default:
      return false;
  }
}

/** Close the details, or else what is open in the view. */
function closeInnermost(): boolean {
  if (chosen.value !== null) choose(null);
  else if (pinnedThread.value !== null) chooseThread(null);
  else if (tab.value === "findings") openFindings(null);
  return true;
}

/** Go to the filter of this part of the page; where there is none, to that of the requests. */
function focusFilter(): boolean {
  if (!document.getElementById(FILTER_ID)) tab.value = "requests";
  requestAnimationFrame(() => document.getElementById(FILTER_ID)?.focus());
  return true;
}

function move(steps: number): boolean {
  if (tab.value === "requests") return moveRow(steps);
  return tab.value === "findings" && moveGroup(steps);
}

/** Open the group that stands so many steps further down the list. */
function moveGroup(steps: number): boolean {
  const groups = listedGroups.value;
  const from = groups.findIndex((group) => group.id === openGroup.value);
  const next = groups[Math.min(groups.length - 1, Math.max(0, from + steps))];
  if (next && next.id !== openGroup.value) openFindings(next.id);
  return true;
}

/** Walk rows from the active one, and with them the details that are open. The table is held, or rows would walk, too. */
function moveRow(steps: number): boolean {
  setPaused(true);
  const from = records.row(active.value ?? chosen.value ?? "");
  const place = from ? listing.placeOf(from) : -1;
  const next = listing.at(Math.min(listing.length - 1, Math.max(0, place + steps)));
  if (next && chosen.value !== null) choose(next.request.id);
  else if (next) active.value = next.request.id;
  return true;
}
