/** The filter: a box that takes keys and words and completes them, what was not understood, a chip for each part. */

import type { ComponentChildren } from "preact";
import { useComputed, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import { accept, complete, type Option, wordAt } from "../lib/completion";
import { withKey, withoutTerm } from "../lib/filter";
import { t, tn } from "../lib/text";
import { filter, filterText, listing, loaded, records, revision, setFilter } from "../state/live";
import { FilterOptions, optionId, OPTIONS_ID } from "./filter-options";
import { Shown } from "./health";

export const FILTER_ID = "reqtrace-filter";

/** The filter; `children` stand at the end of its line. */
export function FilterBox({ children }: { children?: ComponentChildren }) {
  const { problems } = filter.value;
  return (
    <search class="filter">
      <div class="filter-line">
        <label for={FILTER_ID} class="unseen">
          {t("Filter requests")}
        </label>
        <Box />
        <Count />
        {children}
      </div>
      <p id="filter-problems" class="problems" role="status">
        {problems.join(" ")}
      </p>
      <Chips />
    </search>
  );
}

function Box() {
  const input = useRef<HTMLInputElement>(null);
  /** Where the caret stands while options are offered; null while none are. */
  const caret = useSignal<number | null>(null);
  const chosen = useSignal(-1);
  /** Where the caret belongs once an option has been taken. */
  const goal = useRef<number | null>(null);
  const word = useComputed(() => (caret.value === null ? null : wordAt(filterText.value, caret.value)));
  const options = useComputed<Option[]>(() =>
    word.value ? complete(word.value, { requests: records.rows, findings: records.findings() }) : [],
  );

  useLayoutEffect(() => {
    if (goal.current === null) return;
    input.current?.setSelectionRange(goal.current, goal.current);
    goal.current = null;
  });

  function offer(): void {
    caret.value = input.current?.selectionStart ?? null;
    chosen.value = -1;
  }

  function take(option: Option): void {
    if (!word.value) return;
    const taken = accept(filterText.value, word.value, option);
    setFilter(taken.text);
    caret.value = goal.current = taken.caret;
    chosen.value = -1;
  }

  function onKeyDown(event: KeyboardEvent): void {
    const { length } = options.value;
    if (event.key === "ArrowDown" && caret.value === null) offer();
    else if (length === 0) return;
    else if (event.key === "ArrowDown") chosen.value = (chosen.value + 1) % length;
    else if (event.key === "ArrowUp") chosen.value = (Math.max(chosen.value, 0) + length - 1) % length;
    else if (event.key === "Escape") caret.value = null;
    else if ((event.key === "Enter" || event.key === "Tab") && options.value[chosen.value]) {
      take(options.value[chosen.value] as Option);
    } else return;
    event.preventDefault();
  }

  const isOpen = options.value.length > 0;
  return (
    <div class="filter-field">
      <input
        ref={input}
        id={FILTER_ID}
        type="search"
        role="combobox"
        list={undefined} // the options stand in a list of our own
        autocomplete="off"
        spellcheck={false}
        placeholder={t("user:alice  path:/cart  status:5xx  level:leak  ms:>200  or any word")}
        title={t("Press / to come here, ? for all that can be asked")}
        value={filterText.value}
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={OPTIONS_ID}
        aria-activedescendant={isOpen && chosen.value >= 0 ? optionId(chosen.value) : undefined}
        aria-invalid={filter.value.problems.length > 0}
        aria-describedby="filter-problems"
        onInput={(event) => {
          setFilter(event.currentTarget.value);
          offer();
        }}
        onFocus={offer}
        onClick={offer}
        onBlur={() => (caret.value = null)}
        onKeyDown={onKeyDown}
      />
      <FilterOptions options={options.value} chosen={chosen.value} onTake={take} />
    </div>
  );
}

function Chips() {
  const { terms } = filter.value;
  if (terms.length === 0) return null;
  return (
    <ul class="chips" aria-label={t("Filters in force")}>
      {terms.map((term) => (
        <li key={term.text}>
          <button type="button" class="chip" onClick={() => setFilter(withoutTerm(filterText.value, term))}>
            <span class="unseen">{t("Remove")} </span>
            {term.key !== null && <span class="chip-key">{term.key}</span>}
            {term.value}
            <span aria-hidden="true" class="chip-x">
              ×
            </span>
          </button>
        </li>
      ))}
      <li>
        <button type="button" class="quiet" onClick={() => setFilter("")}>
          {t("Clear")}
        </button>
      </li>
    </ul>
  );
}

/** Say what is left out by itself, and bring it in. */
function Aside() {
  if (records.aside === 0) return null;
  const means = t("What manage.py reqtrace stress and prove sent is left out, unless it is asked for");
  return (
    <button type="button" class="quiet aside-count" title={means} onClick={() => setFilter(withKey(filterText.value, "synthetic", "yes"))}>
      {tn("+{n} of stress", "+{n} of stress", records.aside)}
    </button>
  );
}

function Count() {
  revision.value;
  return (
    loaded.value && (
      <>
        <Shown shown={listing.length + listing.waiting} total={records.rows.length} />
        <Aside />
      </>
    )
  );
}
