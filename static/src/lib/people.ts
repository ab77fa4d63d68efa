/** Who a request is for: a name in words, and a colour that stays the same for a user on every page and every day. */

import type { User } from "../protocol/records";
import { t } from "./text";

const HUES = 24;

/** Name a user by what stays: the primary key, else the label; null for nobody in particular. */
export function userKey(user: User): string | null {
  return user.state === "authenticated" ? (user.id ?? user.label) : null;
}

/** Return the hue, in degrees, of a name: one of 24, so that two of them can be told apart. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  // FNV-1a leaves the low bits of short names alike ("1", "2", ...); one round of mixing spreads them.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (((hash ^ (hash >>> 12)) >>> 0) % HUES) * (360 / HUES);
}

/** Say who somebody is, in words. */
export function userName(user: User): string {
  if (user.state === "authenticated") return user.label ?? user.id ?? t("someone");
  return user.state === "anonymous" ? t("anonymous") : t("not resolved");
}
