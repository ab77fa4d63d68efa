/**
 * The server's API: where each list stands and how it is fetched.
 *
 * Lists are asked for with what `stress` and `prove` sent; the page leaves it out by itself, and shows it when asked.
 */

import { t } from "./lib/text";
import {
  type ApiError,
  type FindingCode,
  type FindingList,
  LIMIT_MAX,
  type MarkList,
  type MarkRequest,
  type ProcessList,
  type RequestDetail,
  type RequestList,
  type ThreadList,
} from "./protocol/messages";
import type { Mark } from "./protocol/records";

/** What exports are written in. */
export type Format = "json" | "ndjson" | "chrome" | "perfetto" | "otlp";

/** The API did not give what was asked; `status` is 0 when no answer came at all. */
export class ApiFailure extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }

  /** Whether this page's person may not look, or no longer. */
  get denied(): boolean {
    return [401, 403, 404].includes(this.status);
  }
}

interface Change {
  method?: string;
  headers: Record<string, string>;
  body?: string | null;
}

export class Api {
  constructor(
    private readonly url: string,
    private readonly send: typeof fetch = (...request) => fetch(...request),
  ) {}

  /** Return a page of requests, newest first. */
  requests(cursor: string): Promise<RequestList> {
    return this.ask<RequestList>(`requests?synthetic=yes&limit=${LIMIT_MAX}&cursor=${encodeURIComponent(cursor)}`);
  }

  request(id: string): Promise<RequestDetail> {
    return this.ask<RequestDetail>(`requests/${encodeURIComponent(id)}`);
  }

  threads(): Promise<ThreadList> {
    return this.ask<ThreadList>("threads?synthetic=yes");
  }

  processes(): Promise<ProcessList> {
    return this.ask<ProcessList>("processes?synthetic=yes");
  }

  /** Return a page of findings, newest first: of all, or of one kind and level. */
  findings(cursor: string, such: Record<string, string> = {}): Promise<FindingList> {
    return this.ask<FindingList>(`findings?${new URLSearchParams({ synthetic: "yes", limit: String(LIMIT_MAX), cursor, ...such })}`);
  }

  /** Return the lines around the places that a finding names. */
  code(finding: string): Promise<FindingCode> {
    return this.ask<FindingCode>(`findings/${encodeURIComponent(finding)}/code`);
  }

  /** Return all marks, and what a request that changes one must bear. */
  marks(): Promise<MarkList> {
    return this.ask<MarkList>("marks");
  }

  /** Mark a group of findings as known to everybody. */
  mark(group: string, note: string): Promise<Mark> {
    return this.change<Mark>("POST", `marks/${encodeURIComponent(group)}`, { note } satisfies MarkRequest);
  }

  /** Take the mark of a group back. */
  unmark(group: string): Promise<Mark> {
    return this.change<Mark>("DELETE", `marks/${encodeURIComponent(group)}`);
  }

  /** Change something, with a token fetched for it: one that came with the page would grow old. */
  private async change<T>(method: string, path: string, body?: object): Promise<T> {
    const { csrf_token: token, csrf_header: header } = await this.marks();
    const headers = { [header]: token, "Content-Type": "application/json" };
    return this.ask<T>(path, { method, headers, body: body ? JSON.stringify(body) : null });
  }

  private async ask<T>(path: string, change: Change = { headers: {} }): Promise<T> {
    let response: Response;
    try {
      response = await this.send(this.url + path, {
        ...change,
        headers: { Accept: "application/json", ...change.headers },
        redirect: "manual", // it would lead to a sign-in page, which is an answer too: no access
      });
    } catch {
      throw new ApiFailure(t("The server does not answer."), 0);
    }
    if (response.type === "opaqueredirect") throw new ApiFailure(t("You are not signed in any more."), 403);
    const body = (await response.json().catch(() => null)) as unknown;
    if (response.ok && body !== null) return body as T;
    const said = (body as Partial<ApiError> | null)?.error;
    throw new ApiFailure(said ?? t("The server answered with status {status}.", { status: response.status }), response.status);
  }
}

/** Return where an export with these filters is downloaded. */
export function exportUrl(apiUrl: string, format: Format, parameters: URLSearchParams): string {
  const query = new URLSearchParams([["format", format], ...parameters]);
  return `${apiUrl}export?${query}`;
}
