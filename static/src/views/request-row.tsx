/** One row of the table. */

import type { Column } from "../lib/columns";
import { active, choose, chosen, chosenThread, hovered, setPaused } from "../state/live";
import { threadKey } from "../state/records";
import { Cell, type Told } from "./request-cells";

interface Props extends Told {
  columns: readonly Column[];
  /** Place in the table, from 0. */
  place: number;
  /** Whether Tab leads here: one row of the table is a tab stop. */
  tabStop: boolean;
}

export function RequestRow({ columns, place, tabStop, ...told }: Props) {
  const { request, level } = told;
  const { id } = request;
  const thread = threadKey(request.process, request.thread_serial);
  const isChosen = chosen.value === id;
  const classes = [
    "row",
    place % 2 === 1 && "is-odd",
    hovered.value === thread && "is-lit",
    chosenThread.value === thread && "is-pinned",
    isChosen && "is-chosen",
    level && `has-${level}`,
  ];
  return (
    <div
      role="row"
      class={classes.filter(Boolean).join(" ")}
      aria-rowindex={place + 2}
      aria-selected={isChosen}
      tabIndex={tabStop ? 0 : -1}
      data-thread={thread}
      onClick={() => choose(id)}
      onFocus={() => focus(id)}
    >
      {columns.map((column) => (
        <Cell key={column} column={column} told={told} />
      ))}
    </div>
  );
}

/** Walk on from a row that got the focus; the table is held, or the row would take the focus away with it. */
function focus(id: string): void {
  setPaused(true);
  active.value = id;
}
