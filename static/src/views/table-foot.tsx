/** The end of the table: whether the store has older requests, and how they come here. */

import { count } from "../lib/format";
import { t } from "../lib/text";
import { history, loadHistory } from "../state/history";
import { listing, revision } from "../state/live";
import { RETAIN } from "../state/records";

export function TableFoot() {
  revision.value;
  const { value } = history;
  if (value.state === "whole") {
    return listing.length > 0 ? <p class="grid-foot hint">{t("There are no older requests.")}</p> : null;
  }
  if (value.state === "full") {
    const text = t("The page holds {n} requests, as many as it ever does. Older ones can be exported.", { n: count(RETAIN) });
    return <p class="grid-foot hint">{text}</p>;
  }
  return (
    <p class="grid-foot">
      <button type="button" disabled={value.state === "loading"} onClick={() => void loadHistory()}>
        {value.state === "loading" ? t("Loading older requests…") : t("Load older requests")}
      </button>
      {value.state === "failed" && (
        <span class="problems" role="alert">
          {value.message}
        </span>
      )}
    </p>
  );
}
