/** The heads of the columns, which sort, and the menu that chooses columns. */

import { COLUMNS, type Column, pressed } from "../lib/columns";
import { t } from "../lib/text";
import { setSort, sort } from "../state/live";
import { chosenColumns, columns, toggleColumn } from "../state/table";
import { TITLES } from "./request-cells";

export function TableHead() {
  return (
    <div role="rowgroup" class="grid-head">
      <div role="row" class="head" aria-rowindex={1}>
        {columns.value.map((column) => (
          <span key={column} role="columnheader" class={`c-${column}`} aria-sort={directionOf(column)}>
            <button type="button" title={t("Sort by this")} onClick={() => setSort(pressed(sort.value, column))}>
              {TITLES[column]}
              <span aria-hidden="true" class="direction">
                {sort.value.by === column && (sort.value.down ? "▼" : "▲")}
              </span>
            </button>
          </span>
        ))}
      </div>
    </div>
  );
}

function directionOf(column: Column): "ascending" | "descending" | "none" {
  if (sort.value.by !== column) return "none";
  return sort.value.down ? "descending" : "ascending";
}

/** Which columns show, and what they are sorted by: on a narrow table there are no heads to press. */
export function TableMenu() {
  const { by, down } = sort.value;
  return (
    <details class="menu table-menu">
      <summary>{t("Columns")}</summary>
      <div class="menu-body">
        <fieldset>
          <legend>{t("Columns that show")}</legend>
          {COLUMNS.map((column) => (
            <label key={column}>
              <input type="checkbox" checked={columns.value.includes(column)} onChange={() => toggleColumn(column)} />
              {TITLES[column]}
            </label>
          ))}
        </fieldset>
        <button type="button" disabled={chosenColumns.value === null} onClick={() => (chosenColumns.value = null)}>
          {t("As many as there is room for")}
        </button>
        <label class="sort-by">
          {t("Sort by")}
          <select value={by} onChange={(event) => setSort({ by: event.currentTarget.value as Column, down })}>
            {COLUMNS.map((column) => (
              <option key={column} value={column}>
                {TITLES[column]}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input type="checkbox" checked={down} onChange={() => setSort({ by, down: !down })} />
          {t("Greatest first")}
        </label>
      </div>
    </details>
  );
}
