/** The page as a whole. */

import type { PageConfig } from "../protocol";
import { chosen, pinnedThread } from "../state/live";
import { tab } from "../state/view";
import { DropTarget } from "./drop-target";
import { FindingsView } from "./findings-view";
import { Header } from "./header";
import { Announcement } from "./health";
import { Help } from "./help";
import { OpenedBanner } from "./opened-banner";
import { ProcessesView } from "./processes-view";
import { RequestDetails } from "./request-details";
import { RequestsView } from "./requests-view";
import { Tabs } from "./tabs";
import { ThreadDetails } from "./thread-details";
import { ThreadsView } from "./threads-view";

const VIEWS = {
  requests: RequestsView,
  threads: ThreadsView,
  findings: FindingsView,
  processes: ProcessesView,
};

interface Props {
  config: PageConfig;
  onRetry(): void;
}

export function App({ config, onRetry }: Props) {
  const View = VIEWS[tab.value];
  const details = chosen.value !== null ? <RequestDetails /> : pinnedThread.value !== null ? <ThreadDetails /> : null;
  return (
    <>
      <Header config={config} onRetry={onRetry} />
      <OpenedBanner />
      <Tabs />
      <main class={details ? "main has-details" : "main"}>
        <View />
        {details}
      </main>
      <Announcement />
      <Help />
      <DropTarget />
    </>
  );
}
