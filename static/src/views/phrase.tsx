/** A sentence with elements in it, in whatever order the page's language wants them. */

import type { ComponentChildren } from "preact";

interface Props {
  /** What `t()` returned, with the elements' names still in braces. */
  text: string;
  /** What stands there instead. */
  parts: Record<string, ComponentChildren>;
}

/** Show `text` with elements in place of their names: `<Phrase text={t("{who} waits")} parts={{ who: <UserName … /> }} />`. */
export function Phrase({ text, parts }: Props) {
  return <>{text.split(/\{(\w+)\}/).map((piece, place) => (place % 2 ? parts[piece] : piece))}</>;
}
