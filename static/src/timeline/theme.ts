/** The colours and the type of the timeline, as the style sheet gives them for the theme that holds now. */

import { RECIPES } from "../lib/colour";

/** The colours of one kind of bar. */
export interface Tone {
  fill: string;
  edge: string;
  ink: string;
}

const NAMES = [
  "ground",
  "lane",
  "stripe",
  "head",
  "line",
  "line-strong",
  "text",
  "muted",
  "accent",
  "lit",
  "warn",
  "bad",
  "bad-ink",
  "density",
  "hatch",
  "good",
] as const;

export type ColourName = (typeof NAMES)[number];

export interface Theme {
  colours: Readonly<Record<ColourName, string>>;
  tones: readonly Tone[];
  font: string;
  strongFont: string;
}

/** Read the theme; `probe` is an element for nothing but this, which takes one colour after another. */
export function readTheme(probe: HTMLElement): Theme {
  const style = getComputedStyle(probe);
  const colours = {} as Record<ColourName, string>;
  for (const name of NAMES) {
    probe.style.color = `var(--rt-timeline-${name})`;
    colours[name] = style.color;
  }
  probe.style.color = "";
  const tones = RECIPES.map(({ hue, chroma, hollow }) => {
    probe.style.setProperty("--rt-hue", String(hue));
    probe.style.setProperty("--rt-chroma", String(chroma));
    const fill = hollow ? colours.lane : style.backgroundColor;
    return { fill, edge: style.borderTopColor, ink: style.color };
  });
  const family = style.fontFamily;
  return { colours, tones, font: `11px ${family}`, strongFont: `600 11px ${family}` };
}

/** Call back when CSS pixels get another number of device pixels, as on another screen; returns how to stop. */
export function watchPixelRatio(changed: () => void): () => void {
  let query: MediaQueryList;
  const wait = (): void => {
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener("change", again, { once: true });
  };
  const again = (): void => {
    changed();
    wait();
  };
  wait();
  return () => query.removeEventListener("change", again);
}

/** Call back whenever the theme may have changed; returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"].map((query) =>
    matchMedia(query),
  );
  for (const query of queries) query.addEventListener("change", changed);
  return () => {
    for (const query of queries) query.removeEventListener("change", changed);
  };
}
