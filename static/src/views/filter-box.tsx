/** The filter: a box that takes tokens and words, what was not understood, and a chip for each part in force. */

import { KEYS, withoutTerm } from "../lib/filter";
import { filter, filterText, listing, records, revision, setFilter } from "../state/live";
import { Shown } from "./health";

export const FILTER_ID = "reqtrace-filter";

export function FilterBox() {
  const { terms, problems } = filter.value;
  return (
    <search class="filter">
      <div class="filter-line">
        <label for={FILTER_ID} class="unseen">
          Filter requests
        </label>
        <input
          id={FILTER_ID}
          type="search"
          autocomplete="off"
          spellcheck={false}
          placeholder="user:alice  path:/cart  status:5xx  ms:>200  or any word"
          title={`Words, or ${Object.keys(KEYS).map((key) => `${key}:`).join(" ")}  (press /)`}
          value={filterText.value}
          aria-invalid={problems.length > 0}
          aria-describedby="filter-problems"
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <Count />
      </div>
      <p id="filter-problems" class="problems" hidden={problems.length === 0}>
        {problems.join(" ")}
      </p>
      {terms.length > 0 && (
        <ul class="chips" aria-label="Filters in force">
          {terms.map((term) => (
            <li key={term.text}>
              <button
                type="button"
                class="chip"
                onClick={() => setFilter(withoutTerm(filterText.value, term))}
              >
                <span class="unseen">Remove </span>
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
              Clear
            </button>
          </li>
        </ul>
      )}
    </search>
  );
}

function Count() {
  revision.value;
  return <Shown shown={listing.rows.length + listing.waiting} total={records.rows.length} />;
}
