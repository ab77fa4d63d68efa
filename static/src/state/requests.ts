/** Requests by their id: those in memory, and those that a finding names and that must be fetched. */

import { type Signal, signal } from "@preact/signals";

import { Recent } from "../lib/recent";
import type { RequestDetail } from "../protocol/messages";
import type { Request } from "../protocol/records";
import { records } from "./live";
import { calmRevision } from "./threads";

const fetched = new Recent<string, Signal<Request | undefined>>(500);
/** Grows when a request that was fetched arrives. */
export const fetchedVersion = signal(0);
let fetchDetail: (id: string) => Promise<RequestDetail> = () => Promise.reject(new Error("no server"));

/** Say how requests that are not in memory are fetched. */
export function fetchMissingWith(fetch: typeof fetchDetail): void {
  fetchDetail = fetch;
}

/** Return a request that is here, in memory or fetched before; asks for nothing. */
export function requestIfHere(id: string): Request | undefined {
  return records.request(id) ?? fetched.get(id)?.peek();
}

/** Return a request for a view, which is drawn again when it arrives; undefined until then, and where it is gone. */
export function requestNamed(id: string | null): Request | undefined {
  if (id === null) return undefined;
  calmRevision.value;
  const held = records.request(id);
  if (held) return held;
  return slotOf(id).value;
}

/** Have a request here soon. */
export function fetchRequest(id: string): void {
  if (!records.request(id)) slotOf(id);
}

function slotOf(id: string): Signal<Request | undefined> {
  const known = fetched.get(id);
  if (known) return known;
  const slot = signal<Request | undefined>(undefined);
  fetched.set(id, slot);
  fetchDetail(id).then(
    ({ request }) => {
      slot.value = request;
      fetchedVersion.value += 1;
    },
    () => undefined, // it was trimmed, or the server is away: what the finding says of it must do
  );
  return slot;
}
