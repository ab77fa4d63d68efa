/** Puts the parts together: configuration, feed, address, keys, page. */

import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/table.css";
import "./styles/panels.css";
import "./styles/threads.css";
import "./styles/findings.css";
import "./styles/timeline.css";
import "./styles/sign-in.css";

import { effect } from "@preact/signals";
import { render } from "preact";

import { Api } from "./api";
import { Feed, liveUrl } from "./feed";
import { fromHash, toHash } from "./lib/address";
import { plural } from "./lib/format";
import type { PageConfig } from "./protocol";
import { setServerTime } from "./state/clock";
import { connection, health } from "./state/connection";
import { followChosen } from "./state/detail";
import { leakGroups } from "./state/findings";
import { replaceAll, take } from "./state/live";
import { fetchMissingWith } from "./state/requests";
import { show, view } from "./state/view";
import { App } from "./views/app";
import { listenToKeys } from "./views/keys";

function start(root: HTMLElement, config: PageConfig): void {
  const api = new Api(config.api_url);
  const feed = new Feed(liveUrl(config.live_url, new URL(location.href)), api, {
    connection: (now) => (connection.value = now),
    health: (now) => (health.value = now),
    serverTime: setServerTime,
    replace: replaceAll,
    take,
  });
  readAddress();
  addEventListener("hashchange", readAddress);
  effect(() => {
    const hash = toHash(view.value);
    if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname + location.search);
  });
  effect(() => {
    const leaks = leakGroups.value.length;
    document.title = leaks > 0 ? `(${plural(leaks, "leak")}) reqtrace` : "reqtrace";
  });
  followChosen((id) => api.request(id));
  fetchMissingWith((id) => api.request(id));
  listenToKeys();
  render(<App config={config} onRetry={() => feed.connect()} />, root);
  feed.connect();
}

function readAddress(): void {
  show(fromHash(location.hash));
}

const root = document.getElementById("reqtrace-app");
const config = document.getElementById("reqtrace-config");
if (root && config) start(root, JSON.parse(config.textContent ?? "") as PageConfig);
