/** What the filter box offers, and the list of all that it understands. */

import type { Option } from "../lib/completion";
import { KEYS } from "../lib/filter-keys";
import { count } from "../lib/format";
import { t } from "../lib/text";

export const OPTIONS_ID = "filter-options";

/** Name an option for the box, where the focus stays. */
export function optionId(place: number): string {
  return `filter-option-${place}`;
}

interface Props {
  options: readonly Option[];
  /** The place of the one that Enter takes, or -1. */
  chosen: number;
  onTake(option: Option): void;
}

export function FilterOptions({ options, chosen, onTake }: Props) {
  return (
    <ul id={OPTIONS_ID} class="filter-options" role="listbox" aria-label={t("What the filter may be")} hidden={options.length === 0}>
      {options.map((option, place) => (
        <li
          key={option.text}
          id={optionId(place)}
          role="option"
          aria-selected={place === chosen}
          // The box keeps the focus: it would close the list before the click arrives.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onTake(option)}
        >
          <code>{option.text}</code>
          <span>{option.takes || (option.count > 0 && t("{n} times", { n: count(option.count) }))}</span>
        </li>
      ))}
    </ul>
  );
}

/** All keys of the filter, with what each takes. */
export function FilterWords() {
  return (
    <dl class="filter-words">
      {Object.entries(KEYS).map(([name, { takes, example }]) => (
        <div key={name}>
          <dt>
            <code>{example}</code>
          </dt>
          <dd>{takes}</dd>
        </div>
      ))}
      <div>
        <dt>
          <code>cart</code>
        </dt>
        <dd>{t("any other word: a part of the path, of the view’s name or of the user’s")}</dd>
      </div>
    </dl>
  );
}
