/** The server's API: where each list stands and how it is fetched. */

import {
  type ApiError,
  type FindingList,
  LIMIT_MAX,
  type ProcessList,
  type RequestDetail,
  type RequestList,
  type ThreadList,
} from "./protocol";

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

export class Api {
  constructor(
    private readonly url: string,
    private readonly send: typeof fetch = (...request) => fetch(...request),
  ) {}

  /** Return a page of requests, newest first. */
  requests(cursor: string): Promise<RequestList> {
    return this.get<RequestList>(`requests?limit=${LIMIT_MAX}&cursor=${encodeURIComponent(cursor)}`);
  }

  request(id: string): Promise<RequestDetail> {
    return this.get<RequestDetail>(`requests/${encodeURIComponent(id)}`);
  }

  threads(): Promise<ThreadList> {
    return this.get<ThreadList>("threads");
  }

  processes(): Promise<ProcessList> {
    return this.get<ProcessList>("processes");
  }

  /** Return a page of findings, newest first. */
  findings(cursor: string): Promise<FindingList> {
    return this.get<FindingList>(`findings?limit=${LIMIT_MAX}&cursor=${encodeURIComponent(cursor)}`);
  }

  private async get<T>(path: string): Promise<T> {
    let response: Response;
    try {
      // A redirect leads to a sign-in page, which is an answer too: no access.
      response = await this.send(this.url + path, { headers: { Accept: "application/json" }, redirect: "manual" });
    } catch {
      throw new ApiFailure("The server does not answer.", 0);
    }
    if (response.type === "opaqueredirect") throw new ApiFailure("You are not signed in any more.", 403);
    const body = (await response.json().catch(() => null)) as unknown;
    if (response.ok && body !== null) return body as T;
    const said = (body as Partial<ApiError> | null)?.error;
    throw new ApiFailure(said ?? `The server answered with status ${response.status}.`, response.status);
  }
}

/** Return where an export with these filters is downloaded. */
export function exportUrl(apiUrl: string, format: "json" | "ndjson", parameters: URLSearchParams): string {
  const query = new URLSearchParams([["format", format], ...parameters]);
  return `${apiUrl}export?${query}`;
}
