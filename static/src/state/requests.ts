/** Requests by their id: those in memory, and those that a finding names and that must be fetched. */

import { type Signal, signal } from "@preact/signals";

import { Recent } from "../lib/recent";
import type { Request, RequestDetail } from "../protocol";
import { records } from "./live";
import { calmRevision } from "./threads";

const fetched = new Recent<string, Signal<Request | undefined>>(500);
let fetchDetail: (id: string) => Promise<RequestDetail> = () => Promise.reject(new Error("no server"));

/** Say how requests that are not in memory are fetched. */
export function fetchMissingWith(fetch: typeof fetchDetail): void {
  fetchDetail = fetch;
}

/** Return a request for a view, which is drawn again when it arrives; undefined until then, and where it is gone. */
export function requestNamed(id: string | null): Request | undefined {
  if (id === null) return undefined;
  calmRevision.value;
  const held = records.row(id)?.request;
  if (held) return held;
  let slot = fetched.get(id);
  if (!slot) {
    const fresh = signal<Request | undefined>(undefined);
    fetched.set(id, (slot = fresh));
    fetchDetail(id).then(
      ({ request }) => (fresh.value = request),
      () => undefined, // it was trimmed, or the server is away: what the finding says of it must do
    );
  }
  return slot.value;
}
