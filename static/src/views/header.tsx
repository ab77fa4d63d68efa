/** The top of the page: the answer in one sentence, how it stands with the server, whether the table follows, export, help, who is signed in. */

import { count } from "../lib/format";
import { t } from "../lib/text";
import type { PageConfig } from "../protocol/messages";
import { listing, paused, revision, setPaused } from "../state/live";
import { isLive } from "../state/opened";
import { Verdict } from "./answer";
import { ExportMenu } from "./export-menu";
import { ConnectionState, HealthNotes } from "./health";
import { helpOpen } from "./help";
import { OpenButton } from "./open-button";

interface Props {
  config: PageConfig;
  onRetry(): void;
}

export function Header({ config, onRetry }: Props) {
  return (
    <header class="top">
      <h1>
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
          <path class="mark-a" d="M1 3h11v3.6H1z" />
          <path class="mark-b" d="M5 8.2h14v3.6H5z" />
          <path class="mark-a" d="M9 13.4h7V17H9z" />
        </svg>
        reqtrace
      </h1>
      <Verdict />
      {isLive.value && <ConnectionState onRetry={onRetry} />}
      <HealthNotes />
      <div class="top-actions">
        {Object.entries(config.links).map(([text, address]) => (
          <a key={text} class="own-link" href={address}>
            {text}
          </a>
        ))}
        {isLive.value && <FollowSwitch />}
        <OpenButton />
        {isLive.value && <ExportMenu apiUrl={config.api_url} />}
        <button type="button" class="quiet keys" title={t("Keyboard (?)")} aria-label={t("Keyboard")} onClick={() => (helpOpen.value = true)}>
          ?
        </button>
        <Person config={config} />
      </div>
    </header>
  );
}

function FollowSwitch() {
  revision.value;
  const waiting = listing.waiting;
  return (
    <button
      type="button"
      class={paused.value ? "follow is-paused" : "follow"}
      title={t("Follow arriving requests, or hold the table (space)")}
      onClick={() => setPaused(!paused.value)}
    >
      <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
        <path d={paused.value ? "M2 1h3v10H2zM7 1h3v10H7z" : "M2 1l9 5-9 5z"} />
      </svg>
      {paused.value ? t("Paused") : t("Following")}
      {paused.value && waiting > 0 && <span class="waiting"> · {t("+{n} new", { n: count(waiting) })}</span>}
    </button>
  );
}

function Person({ config }: { config: PageConfig }) {
  return (
    <>
      {config.user && <span class="person">{config.user}</span>}
      {config.sign_out_url !== null && (
        <form method="post" action={config.sign_out_url}>
          <input type="hidden" name="csrfmiddlewaretoken" value={config.csrf_token} />
          <button type="submit" class="quiet">
            {t("Sign out")}
          </button>
        </form>
      )}
    </>
  );
}
