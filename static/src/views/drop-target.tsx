/** The page as a place to drop exported files on, and what shows while they are dragged over it. */

import { signal } from "@preact/signals";

import { t } from "../lib/text";
import { openFiles } from "../state/opened";

const dragged = signal(false);

/** Take files wherever they are dropped; without this the browser would leave the page for them. */
export function listenToDrops(): void {
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    dragged.value = true;
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) dragged.value = false;
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    dragged.value = false;
    void openFiles([...(event.dataTransfer?.files ?? [])]);
  });
}

function holdsFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
}

export function DropTarget() {
  if (!dragged.value) return null;
  return (
    <div class="drop-target">
      <p>
        <strong>{t("Drop exported files to show them here")}</strong>
        {t("JSON or NDJSON, compressed with gzip or Zstandard or not; several make one timeline. They stay in this browser.")}
      </p>
    </div>
  );
}
