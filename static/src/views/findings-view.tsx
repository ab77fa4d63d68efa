/** What went wrong, as groups: a list, and the story of the one that is open. */

import { count, timeOfDay } from "../lib/format";
import { kindMeans, LEVEL_MEANS } from "../lib/kinds";
import type { Level } from "../protocol";
import {
  allGroups,
  findingKind,
  findingLevel,
  hiddenShown,
  listedGroups,
  openGroup,
  visibleGroups,
} from "../state/findings";
import { type Group, LEVELS } from "../state/groups";
import { hidden } from "../state/hidden";
import { loaded, records } from "../state/live";
import { nowCoarseNs } from "../state/threads";
import { FindingStory } from "./finding-story";
import { HolderName, LevelMark } from "./marks";
import { Sparkline } from "./sparkline";

export function FindingsView() {
  const groups = listedGroups.value;
  const open = allGroups.value.find((group) => group.id === openGroup.value);
  if (allGroups.value.length === 0) return <NothingFound />;
  return (
    <div class={open ? "stage findings has-open" : "stage findings"}>
      <section class="group-list" aria-label="Groups of findings">
        <Narrowing />
        <div class="scrolls" tabIndex={0} role="group" aria-label="List of groups">
          {groups.length === 0 && <p class="hint">No group of this level and kind.</p>}
          <ul>
            {groups.map((group) => (
              <GroupRow key={group.id} group={group} isOpen={group === open} />
            ))}
          </ul>
        </div>
      </section>
      {open ? <FindingStory key={open.id} group={open} /> : <p class="choose-one hint">Choose a group to read its story.</p>}
    </div>
  );
}

function GroupRow({ group, isOpen }: { group: Group; isOpen: boolean }) {
  const { level, kind, holder, occurrences, firstNs, lastNs, id } = group;
  const oldest = records.rows[0]?.startNs ?? firstNs ?? 0;
  const isOlder = occurrences[0]?.timeNs === null;
  const timesNs = occurrences.map(({ timeNs }) => timeNs).filter((timeNs) => timeNs !== null);
  return (
    <li>
      <button
        type="button"
        class={`group ${level}`}
        aria-pressed={isOpen}
        data-group={id}
        onClick={() => (openGroup.value = isOpen ? null : id)}
      >
        <span class="group-head">
          <LevelMark level={level} />
          <span class="kind" title={kindMeans(kind)}>
            {kind}
          </span>
          {hidden.value.has(id) && <span class="aside">hidden</span>}
          <span class="group-count" title="How often it was seen">
            {count(occurrences.length)}×
          </span>
        </span>
        <span class="group-what">{kindMeans(kind)}</span>
        {holder !== null && <HolderName holder={holder} />}
        <span class="group-times">
          <Sparkline timesNs={timesNs} fromNs={Math.min(oldest, firstNs ?? oldest)} untilNs={nowCoarseNs.value + 5e9} />
          <span class="aside">
            {firstNs !== null && lastNs !== null
              ? `first ${isOlder ? "before " : ""}${timeOfDay(firstNs).slice(0, 8)} · last ${timeOfDay(lastNs).slice(0, 8)}`
              : "at an unknown time"}
          </span>
        </span>
      </button>
    </li>
  );
}

/** What the list is narrowed to. */
function Narrowing() {
  const groups = visibleGroups.value;
  const kinds = [...new Set([...groups.map((group) => group.kind), ...(findingKind.value ? [findingKind.value] : [])])].sort();
  return (
    <div class="narrowing">
      <div class="levels" role="group" aria-label="Level">
        <LevelButton level={null} groups={groups} />
        {LEVELS.map((level) => (
          <LevelButton key={level} level={level} groups={groups} />
        ))}
      </div>
      <label>
        <span class="unseen">Kind</span>
        <select
          value={findingKind.value ?? ""}
          onChange={(event) => (findingKind.value = event.currentTarget.value || null)}
        >
          <option value="">every kind</option>
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {kind}
            </option>
          ))}
        </select>
      </label>
      {hidden.value.size > 0 && (
        <label class="show-hidden">
          <input
            type="checkbox"
            checked={hiddenShown.value}
            onChange={(event) => (hiddenShown.value = event.currentTarget.checked)}
          />{" "}
          with those hidden in this browser
        </label>
      )}
    </div>
  );
}

function LevelButton({ level, groups }: { level: Level | null; groups: readonly Group[] }) {
  const such = level === null ? groups : groups.filter((group) => group.level === level);
  return (
    <button
      type="button"
      class={level ?? undefined}
      aria-pressed={findingLevel.value === level}
      title={level === null ? "Every level" : LEVEL_MEANS[level]}
      onClick={() => (findingLevel.value = level)}
    >
      {level ?? "all"} <span class="badge">{count(such.length)}</span>
    </button>
  );
}

function NothingFound() {
  if (!loaded.value) return <div class="stage" />;
  return (
    <div class="stage">
      <div class="empty">
        <h2>No mix-up found</h2>
        <p>
          While requests arrive, reqtrace reads what your code keeps as “the current request” or “the current user”, and
          compares it with the request that is really running. Whatever does not agree shows here.
        </p>
      </div>
    </div>
  );
}
