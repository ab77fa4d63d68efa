/** Which columns the table shows. */

import { computed, signal } from "@preact/signals";

import { COLUMNS, type Column, columnsFor } from "../lib/columns";

/** The columns that a person chose; null while they follow the width of the table. */
export const chosenColumns = signal<readonly Column[] | null>(null);

/** How wide the table is, in CSS pixels. */
export const tableX = signal(1_000);

/** The columns that show. */
export const columns = computed(() => columnsFor(chosenColumns.value, tableX.value));

/** Show a column, or hide it; the last one stays. */
export function toggleColumn(column: Column): void {
  const wanted = COLUMNS.filter((one) => columns.value.includes(one) !== (one === column));
  if (wanted.length > 0) chosenColumns.value = wanted;
}
