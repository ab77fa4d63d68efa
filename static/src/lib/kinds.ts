/** What findings' words mean, for people who meet them for the first time. */

import type { Level } from "../protocol/records";
import { t } from "./text";

/** From the worst to the mildest. */
export const LEVELS: readonly Level[] = ["leak", "hazard", "notice"];

/** Levels in the page's language; what the records say is English. */
export const LEVEL_NAMES: Record<Level, string> = { leak: t("leak"), hazard: t("hazard"), notice: t("notice") };

export const LEVEL_MEANS: Record<Level, string> = {
  leak: t("one person’s request saw another person"),
  hazard: t("nobody was seen yet, but the next request may be"),
  notice: t("nobody else is seen, but code is told that there is no request"),
};

/** Given how to say it: in the page's language, or in that of tickets. */
const KIND_MEANS: Record<string, (say: (message: string) => string) => string> = {
  crossed: (t) => t("while a request ran, a holder named somebody else"),
  leftover: (t) => t("a holder still named a request that was over"),
  swapped: (t) => t("request.user became somebody else within a request"),
  "session-crossed": (t) => t("the session was somebody else’s"),
  "response-crossed": (t) => t("a response made for one person went to another"),
  "context-crossed": (t) => t("a request began in a context that held another request’s values"),
  "connection-crossed": (t) => t("a database connection carried another request’s setting"),
  retained: (t) => t("a request was still in memory after it was over"),
  outlived: (t) => t("work that a request started ran on after it was over"),
  lost: (t) => t("code that runs for a request was told that there is none"),
};

/** Every kind, by its name in the records. */
export const KINDS: readonly string[] = Object.keys(KIND_MEANS);

/** Say what a kind of finding is, in half a sentence; a kind of a newer server goes by its name alone. */
export function kindMeans(kind: string, say: (message: string) => string = t): string {
  return KIND_MEANS[kind]?.(say) ?? kind;
}
