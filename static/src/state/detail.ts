/** The details of the chosen request, fetched from the server because they reach beyond what the page holds. */

import { computed, effect, signal } from "@preact/signals";

import type { RequestDetail } from "../protocol/messages";
import { chosen, records, revision } from "./live";

export type Detail =
  | { state: "loading"; id: string }
  | { state: "ready"; id: string; detail: RequestDetail }
  | { state: "failed"; id: string; message: string };

export const detail = signal<Detail | null>(null);

/** Fetch details whenever another request is chosen, and again when a chosen request ends; returns how to stop. */
export function followChosen(fetchDetail: (id: string) => Promise<RequestDetail>): () => void {
  const outcome = computed(() => {
    revision.value;
    return chosen.value === null ? undefined : records.row(chosen.value)?.request.outcome;
  });
  return effect(() => {
    const id = chosen.value;
    outcome.value;
    if (id === null) {
      detail.value = null;
      return;
    }
    if (detail.peek()?.id !== id) detail.value = { state: "loading", id };
    fetchDetail(id).then(
      (fetched) => {
        if (chosen.peek() === id) detail.value = { state: "ready", id, detail: fetched };
      },
      (error: unknown) => {
        if (chosen.peek() === id) detail.value = { state: "failed", id, message: String((error as Error).message) };
      },
    );
  });
}
