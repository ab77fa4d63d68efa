/** Marking a group of findings as known, for everybody, and taking that back. */

import { useSignal } from "@preact/signals";

import { dateAndTime } from "../lib/format";
import { t } from "../lib/text";
import type { Mark } from "../protocol/records";
import { marker, marks, takeMarks } from "../state/marks";

/** More the server does not take. */
const NOTE_LENGTH = 1_000;

/** Say who marked the group and why; offer to mark it, or to take the mark back, where there is a store that keeps it. */
export function FindingMark({ group }: { group: string }) {
  const asking = useSignal(false);
  const note = useSignal("");
  const trouble = useSignal("");
  const mark = marks.value.get(group);
  const server = marker.value;

  async function change(request: Promise<Mark>): Promise<void> {
    trouble.value = "";
    try {
      takeMarks([await request]);
      asking.value = false;
      note.value = "";
    } catch (error) {
      trouble.value = t("Not saved: {reason}", { reason: (error as Error).message });
    }
  }

  return (
    <div class="finding-mark">
      {mark?.known && <KnownSince mark={mark} />}
      {server && mark?.known && (
        <button type="button" onClick={() => void change(server.unmark(group))}>
          {t("No longer known")}
        </button>
      )}
      {server && !mark?.known && !asking.value && (
        <button type="button" title={t("Hides this group, for everybody who looks at this page")} onClick={() => (asking.value = true)}>
          {t("Mark as known…")}
        </button>
      )}
      {server && !mark?.known && asking.value && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void change(server.mark(group, note.value));
          }}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            asking.value = false;
          }}
        >
          <label>
            {t("Note, if you like")}
            <input
              type="text"
              maxLength={NOTE_LENGTH}
              placeholder={t("mended with the next release, ticket 123")}
              value={note.value}
              ref={focus}
              onInput={(event) => (note.value = event.currentTarget.value)}
            />
          </label>
          <button type="submit">{t("Mark as known")}</button>
          <button type="button" class="quiet" onClick={() => (asking.value = false)}>
            {t("Cancel")}
          </button>
        </form>
      )}
      <span role="status" class="trouble">
        {trouble}
      </span>
    </div>
  );
}

function focus(field: HTMLElement | null): void {
  field?.focus();
}

function KnownSince({ mark: { by, at_ns: atNs, note } }: { mark: Mark }) {
  const when = dateAndTime(atNs);
  return (
    <p class="known-since">
      <strong>{by ? t("Known: {by} marked it on {when}.", { by, when }) : t("Known: marked on {when}.", { when })}</strong>
      {note && <q>{note}</q>}
    </p>
  );
}
