/** The panel beside the views, in which details of one thing stand. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { t } from "../lib/text";

interface Props {
  /** What the details are of: another one begins at its top. */
  of: string;
  title: ComponentChildren;
  onClose(): void;
  children: ComponentChildren;
}

export function Panel({ of, title, onClose, children }: Props) {
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (body.current) body.current.scrollTop = 0;
  }, [of]);
  return (
    <section class="panel details" aria-labelledby="details-title">
      <header>
        <h2 id="details-title">{title}</h2>
        <button type="button" class="quiet close" aria-label={t("Close details")} title={t("Close (Esc)")} onClick={onClose}>
          ×
        </button>
      </header>
      <div class="panel-body" ref={body} tabIndex={0} role="group" aria-labelledby="details-title">
        {children}
      </div>
    </section>
  );
}

export function Fact({ name, title, children }: { name: string; title?: string; children: ComponentChildren }) {
  return (
    <div>
      <dt title={title}>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
