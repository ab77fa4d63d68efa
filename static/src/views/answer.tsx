/** One line with what this deployment does with its threads. */

import { answers } from "../lib/answer";
import { plural } from "../lib/format";
import { threadGroups } from "../state/threads";
import { SharingMark } from "./marks";

export function AnswerStrip() {
  const found = answers(threadGroups.value.filter((group) => group.alive));
  if (found.length === 0) return null;
  return (
    <section aria-label="What threads do here">
      <ul class="answer">
        {found.map(({ deployment, processes, sharing, sentences }) => (
          <li key={deployment}>
            <SharingMark sharing={sharing} />
            <span>
              <strong>{deployment}</strong>, {plural(processes, "process", "processes")}: {sentences.join("; ")}.
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
