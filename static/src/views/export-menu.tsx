/** What is filtered, as a file: in every format, and with what the filter asks for that no export can. */

import { exportUrl, type Format } from "../api";
import { toParameters } from "../lib/filter";
import { t } from "../lib/text";
import { filter } from "../state/live";

const FORMATS: [format: Format, name: string, meaning: string][] = [
  ["json", "JSON", t("one document")],
  ["ndjson", "NDJSON", t("one record a line")],
  ["chrome", "Chrome", t("trace events")],
  ["perfetto", "Perfetto", t("ui.perfetto.dev")],
  ["otlp", "OTLP", t("OpenTelemetry, as JSON")],
];

export function ExportMenu({ apiUrl }: { apiUrl: string }) {
  const { problems, terms } = filter.value;
  const { parameters, unknown } = toParameters(filter.value);
  const applied = terms.filter((term) => !unknown.includes(term.text)).map((term) => term.text);
  return (
    <details class="menu">
      <summary>{t("Export")}</summary>
      <div class="menu-body">
        {FORMATS.map(([format, name, meaning]) => (
          <a key={format} href={exportUrl(apiUrl, format, parameters)} download>
            {name} <span>{meaning}</span>
          </a>
        ))}
        <p>
          {applied.length > 0
            ? t("Everything in the store that matches {terms}", { terms: applied.join(" ") })
            : t("Everything in the store.")}
        </p>
        {unknown.length > 0 && (
          <p class="problems">{t("Words filter the page alone, not its exports: {terms}", { terms: unknown.join(" ") })}</p>
        )}
        {problems.length > 0 && <p class="problems">{t("What the filter does not understand is left out.")}</p>}
      </div>
    </details>
  );
}
