/** How the page stands with its server, and how complete the server says the data is. */

import { signal } from "@preact/signals";

import type { Health } from "../protocol/messages";

export type Connection =
  | { state: "connecting" }
  | { state: "live" }
  /** The server did not send these many requests, because this browser was too slow; they are being fetched. */
  | { state: "catching-up"; requests: number }
  | { state: "waiting"; retryAtMs: number }
  | { state: "denied"; message: string }
  /** The server speaks a newer protocol than this page, which must be loaded again. */
  | { state: "outdated" };

export const connection = signal<Connection>({ state: "connecting" });
export const health = signal<Health>({ store: "ok", message: "", corrupt: 0 });
