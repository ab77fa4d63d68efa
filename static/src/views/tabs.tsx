/** The four parts of the page. They are links, so that each has an address, a way back and a tab of its own. */

import { TABS, type Tab } from "../lib/address";
import { count } from "../lib/format";
import { t, tn } from "../lib/text";
import { leakGroups, visibleGroups } from "../state/findings";
import { loaded } from "../state/live";
import { RETAIN_THREADS } from "../state/records";
import { threadGroups } from "../state/threads";
import { linkTo, tab } from "../state/view";

const NAMES: Record<Tab, string> = {
  requests: t("Requests"),
  threads: t("Threads"),
  findings: t("Findings"),
  processes: t("Processes"),
};

export function Tabs() {
  return (
    <nav class="tabs" aria-label={t("Parts of this page")}>
      {TABS.map((name, place) => (
        <a
          key={name}
          href={linkTo({ tab: name })}
          aria-current={tab.value === name ? "page" : undefined}
          title={t("Key {key}", { key: place + 1 })}
        >
          {NAMES[name]} <Badge of={name} />
        </a>
      ))}
    </nav>
  );
}

/** Of threads with one request each the page holds so many and no more: then there may be others. */
function threadsTold(threads: number): string {
  return threads < RETAIN_THREADS ? count(threads) : `${count(threads)}+`;
}

function Badge({ of }: { of: Tab }) {
  if (!loaded.value) return null;
  switch (of) {
    case "requests":
      return null;
    case "threads":
      return <span class="badge">{threadsTold(threadGroups.value.reduce((sum, { threads }) => sum + threads.length, 0))}</span>;
    case "processes":
      return <span class="badge">{count(threadGroups.value.length)}</span>;
    case "findings": {
      const leaks = leakGroups.value.length;
      if (leaks > 0) return <span class="badge leak">{tn("{n} leak", "{n} leaks", leaks)}</span>;
      return <span class="badge">{count(visibleGroups.value.length)}</span>;
    }
  }
}
