/** The page as a whole. */

import type { PageConfig } from "../protocol/messages";
import { chosen, loaded, pinnedThread } from "../state/live";
import { tab } from "../state/view";
import { DropTarget } from "./drop-target";
import { FindingsView } from "./findings-view";
import { Header } from "./header";
import { Announcement } from "./health";
import { Help } from "./help";
import { NothingHere } from "./nothing-here";
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

/** In place of a view that would say that there is nothing, as long as nobody can know. */
function NothingKnown() {
  return (
    <div class="stage">
      <NothingHere />
    </div>
  );
}

export function App({ config, onRetry }: Props) {
  const View = loaded.value || tab.value === "requests" ? VIEWS[tab.value] : NothingKnown;
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
