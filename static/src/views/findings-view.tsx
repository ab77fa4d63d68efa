/** What went wrong, as groups: a list, and the story of the one that is open. */

import { useEffect } from "preact/hooks";

import { count, timeOfDay } from "../lib/format";
import { kindMeans, LEVEL_MEANS, LEVEL_NAMES, LEVELS } from "../lib/kinds";
import { t, tn } from "../lib/text";
import type { Finding, Level } from "../protocol/records";
import {
  allGroups,
  findingKind,
  findingLevel,
  knownGroups,
  knownShown,
  listedGroups,
  offeredGroups,
  openFindings,
  openGroup,
} from "../state/findings";
import { type Group, tellingOf } from "../state/groups";
import { filter, records } from "../state/live";
import { known } from "../state/marks";
import { isPartial } from "../state/opened";
import { nowCoarseNs } from "../state/threads";
import { FilterBox } from "./filter-box";
import { FindingStory } from "./finding-story";
import { HolderName, LevelMark } from "./marks";
import { Sparkline } from "./sparkline";

export function FindingsView() {
  const groups = listedGroups.value;
  const isOpen = (group: Group): boolean => group.id === openGroup.value;
  // With what the filter leaves of it; one that is known, or of another level than listed, is told all the same.
  const open = groups.find(isOpen) ?? (filter.value.terms.length === 0 ? allGroups.value.find(isOpen) : undefined);
  // The worst one tells its story right away: whoever comes here wants to know what is wrong, and there is room for it.
  useEffect(() => {
    if (openGroup.value === null && groups[0] !== undefined && hasRoom()) openFindings(groups[0].id);
  }, [groups.length > 0]);
  if (allGroups.value.length === 0) return <NothingFound />;
  return (
    <div class={open ? "stage findings has-open" : "stage findings"}>
      <FilterBox />
      <section class="group-list" aria-label={t("Groups of findings")}>
        <Narrowing />
        <div class="scrolls" tabIndex={0} role="group" aria-label={t("List of groups")}>
          {groups.length === 0 && <p class="hint">{nothingListed()}</p>}
          <ul>
            {groups.map((group) => (
              <GroupRow key={group.id} group={group} isOpen={group.id === open?.id} />
            ))}
          </ul>
        </div>
        <Known />
      </section>
      {open ? <FindingStory key={open.id} group={open} /> : <p class="choose-one hint">{t("Choose a group to read its story.")}</p>}
    </div>
  );
}

/** Tell whether list and story stand side by side; below this width, one takes the other's place. */
function hasRoom(): boolean {
  return matchMedia("(min-width: 900px)").matches;
}

function nothingListed(): string {
  if (filter.value.terms.length > 0) return t("No finding of a request that matches the filter.");
  if (findingLevel.value !== null || findingKind.value !== null) return t("No group of this level and kind.");
  return t("Nothing but what is known already.");
}

function GroupRow({ group, isOpen }: { group: Group; isOpen: boolean }) {
  const { level, kind, kinds, holder, occurrences, firstNs, lastNs, id } = group;
  const told = tellingOf(group).finding;
  const oldest = records.rows[0]?.startNs ?? firstNs ?? 0;
  const timesNs = occurrences.map(({ timeNs }) => timeNs).filter((timeNs) => timeNs !== null);
  return (
    <li>
      <button
        type="button"
        class={`group ${level}`}
        aria-pressed={isOpen}
        data-group={id}
        onClick={() => openFindings(id)}
      >
        <span class="group-head">
          <LevelMark level={level} />
          <span class="kind">{holder === null ? kind : <HolderName holder={holder} />}</span>
          {known.value.has(id) && <span class="aside">{t("known")}</span>}
          <span class="group-count" title={t("How often it was seen")}>
            {count(occurrences.length)}×
          </span>
        </span>
        <span class="group-what">{kindMeans(kind)}</span>
        <span class="group-where">
          <Kinds kinds={kinds} />
          <Place finding={told} />
        </span>
        <span class="group-times">
          <Sparkline timesNs={timesNs} fromNs={Math.min(oldest, firstNs ?? oldest)} untilNs={nowCoarseNs.value + 5e9} />
          <span class="aside">{timesOf(group, firstNs, lastNs)}</span>
        </span>
      </button>
    </li>
  );
}

/** As what the cause showed: one holder can be a leak in one request and a hazard in the next. */
function Kinds({ kinds }: { kinds: Group["kinds"] }) {
  return (
    <span class="aside">
      {[...kinds].map(([kind, times], place) => (
        <span key={kind} title={kindMeans(kind)}>
          {place > 0 && ", "}
          {kind}
          {kinds.size > 1 && ` ${count(times)}`}
        </span>
      ))}
    </span>
  );
}

/** The code that was running. */
function Place({ finding }: { finding: Finding }) {
  const frame = finding.stack[0];
  if (!frame) return null;
  return (
    <code class="aside" title={`${frame.file}:${frame.line}`}>
      {`${frame.file.split(/[\\/]/).at(-1)}:${frame.line} ${frame.function}`}
    </code>
  );
}

function timesOf({ occurrences }: Group, firstNs: number | null, lastNs: number | null): string {
  if (firstNs === null || lastNs === null) return t("at an unknown time");
  const times = { first: timeOfDay(firstNs).slice(0, 8), last: timeOfDay(lastNs).slice(0, 8) };
  if (occurrences.length === 1) return t("at {time}", { time: times.last });
  return occurrences[0]?.timeNs === null ? t("first before {first} · last {last}", times) : t("first {first} · last {last}", times);
}

/** What the list is narrowed to. */
function Narrowing() {
  const groups = offeredGroups.value;
  const kinds = [...new Set([...groups.flatMap((group) => [...group.kinds.keys()]), ...(findingKind.value ? [findingKind.value] : [])])].sort();
  return (
    <div class="narrowing">
      <div class="levels" role="group" aria-label={t("Level")}>
        <LevelButton level={null} groups={groups} />
        {LEVELS.map((level) => (
          <LevelButton key={level} level={level} groups={groups} />
        ))}
      </div>
      <label>
        <span class="unseen">{t("Kind")}</span>
        <select value={findingKind.value ?? ""} onChange={(event) => (findingKind.value = event.currentTarget.value || null)}>
          <option value="">{t("every kind")}</option>
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {kind}
            </option>
          ))}
        </select>
      </label>
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
      title={level === null ? t("Every level") : LEVEL_MEANS[level]}
      onClick={() => (findingLevel.value = level)}
    >
      {level === null ? t("all") : LEVEL_NAMES[level]} <span class="badge">{count(such.length)}</span>
    </button>
  );
}

/** How much is hidden because it is known, and how often that was seen all the same. */
function Known() {
  const groups = knownGroups.value;
  if (groups.length === 0) return null;
  const times = groups.reduce((sum, group) => sum + group.occurrences.length, 0);
  return (
    <p class="known-groups">
      {tn("{n} known", "{n} known", groups.length)}, {tn("seen once", "seen {n} times", times)}{" "}
      <button type="button" aria-pressed={knownShown.value} onClick={() => (knownShown.value = !knownShown.value)}>
        {knownShown.value ? t("Hide them") : t("Show")}
      </button>
    </p>
  );
}

function headingOfNothing(): string {
  if (records.rows.length === 0) return t("No request recorded yet");
  return isPartial.value ? t("No mix-up found in what could be read") : t("No mix-up found");
}

function NothingFound() {
  return (
    <div class="stage">
      <div class="empty">
        <h2>{headingOfNothing()}</h2>
        <p>
          {t(
            "While requests arrive, reqtrace reads what your code keeps as “the current request” or “the current user”, and compares it with the request that is really running. Whatever does not agree shows here.",
          )}
        </p>
      </div>
    </div>
  );
}
