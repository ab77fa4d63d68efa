/** The list of keys, in a dialog. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { TIMELINE_KEYS } from "../timeline/keys";

export const helpOpen = signal(false);

const KEYS: [keys: string[], meaning: string][] = [
  [["1", "2", "3", "4"], "requests, threads, findings, processes"],
  [["/"], "to the filter"],
  [["↓", "J"], "next row, or next finding"],
  [["↑", "K"], "previous row, or previous finding"],
  [["Page ↓", "Page ↑"], "ten rows on, ten rows back"],
  [["Home", "End"], "newest row, oldest row"],
  [["Enter"], "details of the row"],
  [["Space"], "follow, or hold the table"],
  [["Esc"], "close what is open"],
  [["?"], "this list"],
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
      <h2 id="help-title">Keyboard</h2>
      <KeyList keys={KEYS} />
      <h3>While the timeline has the focus</h3>
      <KeyList keys={TIMELINE_KEYS} />
      <p>The wheel scrolls lanes; with Shift it pans, with Ctrl it zooms at the pointer. Drag to pan, or pinch.</p>
      <p>Scrolling, choosing or walking through rows holds the table; arriving requests are counted meanwhile.</p>
      <button type="button" onClick={() => (helpOpen.value = false)}>
        Close
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
