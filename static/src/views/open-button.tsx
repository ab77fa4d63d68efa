/** The button that opens exported files, for those who do not drag and drop. */

import { useRef } from "preact/hooks";

import { t } from "../lib/text";
import { openFiles } from "../state/opened";

export function OpenButton() {
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        title={t("Show exported files here, JSON or NDJSON, compressed with gzip or Zstandard or not; or drop them onto the page. They stay in this browser.")}
        onClick={() => chooser.current?.click()}
      >
        {t("Open a file…")}
      </button>
      <input
        ref={chooser}
        type="file"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          void openFiles([...(currentTarget.files ?? [])]);
          currentTarget.value = ""; // or the same file could not be chosen again
        }}
      />
    </>
  );
}
