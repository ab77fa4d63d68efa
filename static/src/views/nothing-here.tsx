/** What stands in place of rows, or of a view of which nothing is known yet: why that is so, and what to do. */

import { t, tn } from "../lib/text";
import { connection, health } from "../state/connection";
import { history } from "../state/history";
import { filter, listing, loaded, records, revision, setFilter, setPaused } from "../state/live";

export function NothingHere() {
  revision.value;
  if (health.value.store === "unreachable") {
    return (
      <div class="empty">
        <h2>{t("The store cannot be reached")}</h2>
        <p lang="en">{health.value.message}</p>
        <p>{t("Requests show here as soon as it answers.")}</p>
      </div>
    );
  }
  if (!loaded.value) {
    const waiting = connection.value.state !== "connecting";
    return (
      <div class="empty">
        <h2>{waiting ? t("Not connected") : t("Connecting…")}</h2>
        {connection.value.state === "waiting" && <p>{t("The server does not answer. The page goes on trying by itself.")}</p>}
      </div>
    );
  }
  if (listing.waiting > 0) {
    return (
      <div class="empty">
        <h2>{t("Paused")}</h2>
        <p>{tn("{n} request has arrived since.", "{n} requests have arrived since.", listing.waiting)}</p>
        <button type="button" onClick={() => setPaused(false)}>
          {t("Follow")}
        </button>
      </div>
    );
  }
  if (records.rows.length > 0 && filter.value.terms.length > 0) {
    return (
      <div class="empty">
        <h2>{t("Nothing matches the filter")}</h2>
        {history.value.state !== "whole" && (
          <p>
            {tn("None of the newest {n} request, that is: the store has older ones.", "None of the newest {n} requests, that is: the store has older ones.", records.rows.length)}
          </p>
        )}
        <p>{t("Requests that arrive and match will show here.")}</p>
        <button type="button" onClick={() => setFilter("")}>
          {t("Clear the filter")}
        </button>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>{t("No request recorded yet")}</h2>
      <p>{t("Send a request to your application; it shows here within a second.")}</p>
      <p>{t("If it does not, check that the middleware stands first in the settings:")}</p>
      <pre>
        <code>MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", …]</code>
      </pre>
    </div>
  );
}
