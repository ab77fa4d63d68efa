/** What a bar's colour stands for: a number for each tone, which the theme turns into colours. */

import type { Request } from "../protocol/records";
import { hueOf, userKey } from "./people";

export const COLOUR_BY = ["user", "route", "status", "process"] as const;
export type ColourBy = (typeof COLOUR_BY)[number];

/** How a tone is made: the theme fixes lightness, so that every tone is as readable as every other. */
export interface Recipe {
  /** In degrees. */
  hue: number;
  /** Share of the theme's chroma: 0 is grey. */
  chroma: number;
  /** Drawn as an outline only, for what nobody is known to stand behind. */
  hollow: boolean;
}

const HUES = 24;
const GREY: Recipe = { hue: 250, chroma: 0.12, hollow: false };

/** The first 24 are hues, as far apart as `hueOf` puts them; then come the tones with a meaning of their own. */
export const RECIPES: readonly Recipe[] = [
  ...Array.from({ length: HUES }, (_, place) => ({ hue: (place * 360) / HUES, chroma: 1, hollow: false })),
  GREY,
  { ...GREY, hollow: true },
  { hue: 155, chroma: 0.8, hollow: false },
  { hue: 235, chroma: 0.6, hollow: false },
  { hue: 75, chroma: 1, hollow: false },
  { hue: 25, chroma: 1.15, hollow: false },
];

export const NEUTRAL = HUES;
export const HOLLOW = HUES + 1;
const SUCCESS = HUES + 2;
const REDIRECT = HUES + 3;
const CLIENT_ERROR = HUES + 4;
const SERVER_ERROR = HUES + 5;

/**
 * Return the tone of a request.
 *
 * @param rank the place of its process among the processes: neighbours get hues far apart.
 */
export function toneOf(request: Request, by: ColourBy, rank: number): number {
  switch (by) {
    case "user": {
      const key = userKey(request.user);
      if (key !== null) return toneOfName(key);
      return request.user.state === "anonymous" ? NEUTRAL : HOLLOW;
    }
    case "route":
      return toneOfName(request.route || request.view || request.path);
    case "status":
      return toneOfStatus(request);
    case "process":
      return (rank * 7) % HUES;
  }
}

function toneOfName(name: string): number {
  return Math.round((hueOf(name) * HUES) / 360);
}

function toneOfStatus({ status, outcome }: Request): number {
  if (outcome === "open") return NEUTRAL;
  if (outcome === "error") return SERVER_ERROR;
  if (outcome === "aborted" || status === null) return HOLLOW;
  if (status >= 500) return SERVER_ERROR;
  if (status >= 400) return CLIENT_ERROR;
  return status >= 300 ? REDIRECT : SUCCESS;
}
