/** The list of keys, in a dialog. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { t } from "../lib/text";
import { TIMELINE_KEYS } from "../timeline/keys";
import { FilterWords } from "./filter-options";

export const helpOpen = signal(false);

const KEYS: [keys: string[], meaning: string][] = [
  [["1", "2", "3", "4"], t("requests, threads, findings, processes")],
  [["/"], t("to the filter")],
  [["↓", "J"], t("next row, or next finding")],
  [["↑", "K"], t("previous row, or previous finding")],
  [[t("Page ↓"), t("Page ↑")], t("ten rows on, ten rows back")],
  [[t("Home"), t("End")], t("first row, last row")],
  [[t("Enter")], t("details of the row")],
  [[t("Space")], t("follow, or hold the table")],
  [["Esc"], t("close what is open")],
  [["?"], t("this list")],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (helpOpen.value = false)}>
      <h2 id="help-title">{t("Keyboard")}</h2>
      <KeyList keys={KEYS} />
      <h3>{t("In the filter")}</h3>
      <FilterWords />
      <h3>{t("While the timeline has the focus")}</h3>
      <KeyList keys={TIMELINE_KEYS} />
      <p>{t("The wheel scrolls lanes; with Shift it pans, with Ctrl it zooms at the pointer. Drag to pan, or pinch.")}</p>
      <p>{t("Scrolling, choosing or walking through rows holds the table; arriving requests are counted meanwhile.")}</p>
      <button type="button" onClick={() => (helpOpen.value = false)}>
        {t("Close")}
      </button>
    </dialog>
  );
}

function KeyList({ keys }: { keys: typeof KEYS }) {
  return (
    <dl>
      {keys.map(([names, meaning]) => (
        <div key={meaning}>
          <dt>
            {names.map((name) => (
              <kbd key={name}>{name}</kbd>
            ))}
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
