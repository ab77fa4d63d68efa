/** What was found about a request, in short; each leads to the whole story. */

import { t } from "../lib/text";
import type { Finding } from "../protocol/records";
import { linkTo } from "../state/view";
import { LevelMark } from "./marks";

export function FindingNotes({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul class="finding-notes" aria-label={t("Findings")}>
      {findings.map((finding) => (
        <li key={finding.id} class={finding.level}>
          <p>
            <LevelMark level={finding.level} /> <span lang="en">{finding.message}</span>
          </p>
          <p class="fix" lang="en">
            {finding.fix}
          </p>
          <a href={linkTo({ tab: "findings", finding: finding.group })}>{t("The whole story")}</a>
        </li>
      ))}
    </ul>
  );
}
