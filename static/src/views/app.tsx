/** The page as a whole. */

import type { PageConfig } from "../protocol";
import { chosen } from "../state/live";
import { AnswerStrip } from "./answer";
import { FilterBox } from "./filter-box";
import { Header } from "./header";
import { LeakAnnouncer } from "./health";
import { Help } from "./help";
import { RequestDetails } from "./request-details";
import { RequestTable } from "./request-table";
import { ThreadList } from "./thread-list";

interface Props {
  config: PageConfig;
  onRetry(): void;
}

export function App({ config, onRetry }: Props) {
  return (
    <>
      <Header config={config} onRetry={onRetry} />
      <AnswerStrip />
      <main class={chosen.value === null ? "main" : "main has-details"}>
        <div class="stage">
          <FilterBox />
          <RequestTable />
        </div>
        <RequestDetails />
        <ThreadList />
      </main>
      <LeakAnnouncer />
      <Help />
    </>
  );
}
