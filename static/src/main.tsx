/** Puts the parts together: configuration, feed, address, keys, page. */

import "./language";
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/table.css";
import "./styles/panels.css";
import "./styles/threads.css";
import "uplot/dist/uPlot.min.css";
import "./styles/processes.css";
import "./styles/findings.css";
import "./styles/opened.css";
import "./styles/timeline.css";
import "./styles/sign-in.css";

import { effect } from "@preact/signals";
import { render } from "preact";

import { Api } from "./api";
import { Feed, liveUrl } from "./feed";
import { fromHash, toHash } from "./lib/address";
import { tn } from "./lib/text";
import type { PageConfig, RequestDetail } from "./protocol/messages";
import { setServerTime } from "./state/clock";
import { fetchCode } from "./state/code";
import { connection, health } from "./state/connection";
import { followChosen } from "./state/detail";
import { detailHere } from "./state/detail-here";
import { leakGroups } from "./state/findings";
import { beginHistory } from "./state/history";
import { complete, replaceAll, take } from "./state/live";
import { marker } from "./state/marks";
import { fetchOlderWith } from "./state/older";
import { isLive, takeTurnsWith } from "./state/opened";
import { fetchMissingWith } from "./state/requests";
import { noteArrivals } from "./state/skew";
import { traceUrl } from "./state/trace-viewer";
import { show, view } from "./state/view";
import { App } from "./views/app";
import { listenToDrops } from "./views/drop-target";
import { listenToKeys } from "./views/keys";

function start(root: HTMLElement, config: PageConfig): void {
  traceUrl.value = config.trace_url;
  const api = new Api(config.api_url);
  const feed = new Feed(liveUrl(config.live_url, new URL(location.href)), api, {
    connection: (now) => (connection.value = now),
    health: (now) => (health.value = now),
    serverTime: setServerTime,
    replace(state, older) {
      replaceAll(state);
      beginHistory(api, older);
    },
    complete,
    take,
    arrived: noteArrivals,
  });
  readAddress();
  addEventListener("hashchange", readAddress);
  effect(() => {
    const hash = toHash(view.value);
    if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname + location.search);
  });
  effect(() => {
    const leaks = leakGroups.value.length;
    document.title = leaks > 0 ? `(${tn("{n} leak", "{n} leaks", leaks)}) reqtrace` : "reqtrace";
  });
  const detailOf = (id: string): Promise<RequestDetail> => (isLive.peek() ? api.request(id) : detailHere(id));
  followChosen(detailOf);
  fetchMissingWith(detailOf);
  const live = {
    leave(): void {
      feed.leave();
      health.value = { store: "ok", message: "", corrupt: 0 };
      marker.value = null;
      fetchOlderWith(null);
      fetchCode.value = null;
      beginHistory(api, { requests: null, findings: null });
    },
    comeBack(): void {
      marker.value = api;
      fetchOlderWith((cursor, such) => api.findings(cursor, such));
      fetchCode.value = (finding) => api.code(finding);
      feed.connect();
    },
  };
  takeTurnsWith(live);
  listenToKeys();
  listenToDrops();
  render(<App config={config} onRetry={() => feed.connect()} />, root);
  live.comeBack();
}

function readAddress(): void {
  show(fromHash(location.hash));
}

const root = document.getElementById("reqtrace-app");
const config = document.getElementById("reqtrace-config");
if (root && config) start(root, JSON.parse(config.textContent ?? "") as PageConfig);
