/** The code around what a finding names, fetched from the server when somebody looks at the finding's story. */

import { signal } from "@preact/signals";

import type { FindingCode } from "../protocol/messages";

/** Fetches it for a finding. */
export type FetchCode = (finding: string) => Promise<FindingCode>;

/** Null where there is no server to ask: with a file that was opened here. */
export const fetchCode = signal<FetchCode | null>(null);
