/** Groups of findings as short links to their stories. */

import { tn } from "../lib/text";
import type { Group } from "../state/groups";
import { linkTo } from "../state/view";
import { HolderName, LevelMark } from "./marks";

export function GroupLinks({ groups }: { groups: readonly Group[] }) {
  return (
    <ul class="group-links">
      {groups.map((group) => (
        <li key={group.id}>
          <a href={linkTo({ tab: "findings", finding: group.id })} title={tn("{kind}, seen once", "{kind}, seen {n} times", group.occurrences.length, { kind: group.kind })}>
            <LevelMark level={group.level} />
            {group.holder === null ? group.kind : <HolderName holder={group.holder} />}
          </a>
        </li>
      ))}
    </ul>
  );
}
