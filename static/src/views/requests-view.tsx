/** Requests over time and in a table, under one filter. */

import { useComputed } from "@preact/signals";

import { records, revision } from "../state/live";
import { Answers } from "./answer";
import { FilterBox } from "./filter-box";
import { RequestTable } from "./request-table";
import { TableMenu } from "./table-head";
import { Timeline } from "./Timeline";

export function RequestsView() {
  // Before the first request the table says how to send one; an empty timeline would only push that down.
  const hasRequests = useComputed(() => {
    revision.value;
    return records.rows.length > 0;
  });
  return (
    <div class="stage">
      <Answers />
      <FilterBox>
        <TableMenu />
      </FilterBox>
      {hasRequests.value && (
        <div class="timeline-place">
          <Timeline />
        </div>
      )}
      <RequestTable />
    </div>
  );
}
