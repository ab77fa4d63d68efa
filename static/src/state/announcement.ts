/** What is read out to those who do not see the page: leaks as they arrive, and nothing else. */

import { t, tn } from "../lib/text";
import type { Finding } from "../protocol/records";

/** Leaks of groups that were told already are summed up no more often than this. */
const SUM_UP_MS = 30_000;

export class Announcer {
  private readonly told = new Set<string>();
  private untold = 0;
  private summedUpMs = -Infinity;

  /** Take groups as told, such as those that were there when the page opened. */
  know(findings: Iterable<Finding>): void {
    for (const finding of findings) this.told.add(finding.group);
  }

  /** Return what to say of findings that just arrived; null for nothing. */
  hear(findings: readonly Finding[], nowMs: number): string | null {
    const leaks = findings.filter((finding) => finding.level === "leak");
    const fresh = leaks.filter((finding) => !this.told.has(finding.group));
    this.know(fresh);
    const newest = fresh.at(-1);
    if (newest) {
      this.summedUpMs = nowMs;
      return t("Leak: {message}", { message: newest.message });
    }
    this.untold += leaks.length;
    if (this.untold === 0 || nowMs - this.summedUpMs < SUM_UP_MS) return null;
    const text = tn("{n} more leak of a kind seen before.", "{n} more leaks of a kind seen before.", this.untold);
    this.untold = 0;
    this.summedUpMs = nowMs;
    return text;
  }
}
