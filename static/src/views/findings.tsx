/** What the server found wrong with a request, in its words. */

import type { Finding } from "../protocol";
import { LevelMark } from "./marks";

export function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul class="findings" aria-label="Findings">
      {findings.map((finding) => (
        <li key={finding.id} class={finding.level}>
          <p>
            <LevelMark level={finding.level} /> {finding.message}
          </p>
          <p class="fix">{finding.fix}</p>
          {finding.stack.length > 0 && (
            <ol class="stack">
              {finding.stack.map((frame) => (
                <li key={`${frame.file}:${frame.line}`}>
                  {frame.file}:{frame.line} <span class="aside">{frame.function}</span>
                </li>
              ))}
            </ol>
          )}
        </li>
      ))}
    </ul>
  );
}
