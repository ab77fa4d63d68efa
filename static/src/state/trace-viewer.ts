/** The trace viewer that the project's setting `TRACE_URL` leads to, if it names one. */

import { signal } from "@preact/signals";

/** Its addresses, with `{trace_id}` where the id belongs. */
export const traceUrl = signal<string | null>(null);

/** Return where the viewer shows a trace; null where there is no viewer, or no trace. */
export function traceAddress(traceId: string | null): string | null {
  if (traceUrl.value === null || traceId === null) return null;
  return traceUrl.value.replaceAll("{trace_id}", () => encodeURIComponent(traceId));
}
