/** What the page shows, as the hash of its address: a reload or a link brings the same view back. */

export interface ViewState {
  /** The text of the filter box. */
  filter: string;
  /** The chosen request's id. */
  request: string | null;
  paused: boolean;
}

/** Write a view as a hash, with its `#`; empty for the view that a plain address shows. */
export function toHash(view: ViewState): string {
  const parts = new URLSearchParams();
  if (view.filter.trim()) parts.set("filter", view.filter.trim());
  if (view.request !== null) parts.set("request", view.request);
  if (view.paused) parts.set("paused", "1");
  const text = parts.toString();
  return text && `#${text}`;
}

/** Read a view from a hash, with or without its `#`; what is unknown or missing is left at rest. */
export function fromHash(hash: string): ViewState {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    filter: parts.get("filter") ?? "",
    request: parts.get("request") || null,
    paused: parts.get("paused") === "1",
  };
}
