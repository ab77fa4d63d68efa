/** Requests over time and in a table, under one filter. */

import { Answers } from "./answer";
import { FilterBox } from "./filter-box";
import { RequestTable } from "./request-table";
import { Timeline } from "./Timeline";

export function RequestsView() {
  return (
    <div class="stage">
      <Answers />
      <FilterBox />
      <div class="timeline-place">
        <Timeline />
      </div>
      <RequestTable />
    </div>
  );
}
