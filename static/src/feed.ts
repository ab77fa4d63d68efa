/** The live feed: the one module that knows the socket. It keeps the connection up and the records complete. */

import { type Api, ApiFailure } from "./api";
import { waitMs } from "./lib/backoff";
import { t } from "./lib/text";
import { decodeMessage, encodeSeen } from "./protocol/decoding";
import {
  type Batch,
  CLOSE_DENIED,
  type FindingList,
  type Foreign,
  type Health,
  type Hello,
  type Missed,
  type Older,
  type RequestList,
  type ServerMessage,
} from "./protocol/messages";
import type { Process, Records } from "./protocol/records";
import type { Connection } from "./state/connection";

/** Where the feed puts what it hears. */
export interface Sink {
  connection(connection: Connection): void;
  health(health: Health): void;
  serverTime(timeNs: number): void;
  /** Forget what there was; this is the state. */
  replace(records: Records, older: Older): void;
  /** Take what belongs to that state, too, and did not go into its message. */
  complete(records: Records): void;
  take(records: Partial<Records>): void;
  /** Hear which processes gave a sign of life just now, by the server's time. */
  arrived(processes: readonly Process[], timeNs: number): void;
}

/** The part of a WebSocket that the feed uses. */
export type Socket = Pick<WebSocket, "close" | "send" | "onopen" | "onmessage" | "onclose">;

/** What the feed needs of the world; tests bring their own. */
export interface World {
  open(url: string): Socket;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  random(): number;
  nowMs(): number;
}

const BROWSER: World = {
  open: (url) => new WebSocket(url),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random: Math.random,
  nowMs: Date.now,
};

export class Feed {
  private socket: Socket | null = null;
  private position: number | null = null;
  /** Whether more of the full state is to come. */
  private isBeginning = false;
  private failures = 0;
  private timer: unknown;
  /** What was not sent and is not fetched yet, oldest first. */
  private gaps: Missed[] = [];

  constructor(
    private readonly url: string,
    private readonly api: Pick<Api, "requests" | "threads" | "processes" | "findings" | "marks">,
    private readonly sink: Sink,
    private readonly world: World = BROWSER,
  ) {}

  /** Connect now, also when the next attempt is not yet due. */
  connect(): void {
    this.world.clearTimeout(this.timer);
    this.drop();
    this.sink.connection({ state: "connecting" });
    const socket = this.world.open(this.position === null ? this.url : `${this.url}?after=${this.position}`);
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
    };
    socket.onmessage = (event) => {
      const message = decodeMessage(String(event.data));
      if (message) this.hear(message, socket);
    };
    socket.onclose = (event) => {
      this.drop();
      if (event.code === CLOSE_DENIED) this.deny(t("You may no longer look at this page."));
      else if (opened) this.retryLater();
      else void this.askWhy();
    };
  }

  /** Hear no more until `connect` is called, which then begins with a full state. */
  leave(): void {
    this.world.clearTimeout(this.timer);
    this.drop();
    this.position = null;
    this.failures = 0;
  }

  private hear(message: ServerMessage | Foreign, socket: Socket): void {
    switch (message.type) {
      case "foreign":
        this.drop();
        this.sink.connection({ state: "outdated" });
        break;
      case "hello":
        this.welcome(message);
        socket.send(encodeSeen(message.position));
        break;
      case "batch":
        this.advance(message);
        this.sink.arrived(message.records.processes, message.server_time_ns);
        if (this.isBeginning) this.sink.complete(message.records);
        else this.sink.take(message.records);
        // Of the messages that make a full state, only the last says how far it goes.
        this.isBeginning &&= message.position === 0;
        socket.send(encodeSeen(message.position));
        break;
      case "missed":
        this.gaps.push(message);
        if (this.gaps.length === 1) void this.catchUp(socket);
        break;
      case "status":
        this.sink.serverTime(message.server_time_ns);
        this.sink.health(message.health);
        // Before the first hello it says why there is none yet: the connection stands, the store does not.
        if (this.gaps.length === 0) this.sink.connection({ state: "live" });
        break;
      case "denied":
        this.deny(message.message);
    }
  }

  private welcome(hello: Hello): void {
    this.failures = 0;
    this.advance(hello);
    this.sink.health(hello.health);
    if (hello.resumed) this.sink.take(hello.records);
    else this.sink.replace(hello.records, hello.older);
    this.isBeginning = !hello.resumed && hello.position === 0;
    this.sink.connection({ state: "live" });
  }

  private advance(message: Hello | Batch): void {
    this.position = message.position;
    this.sink.serverTime(message.server_time_ns);
  }

  /** Fetch what was not sent. When that fails, go back to before the gap and connect again. */
  private async catchUp(socket: Socket): Promise<void> {
    try {
      for (let gap = this.gaps[0]; gap; gap = this.gaps[0]) {
        this.sink.connection({ state: "catching-up", requests: gap.requests });
        for await (const records of this.recordsOf(gap)) {
          if (this.socket !== socket) return;
          this.sink.take(records);
        }
        if (this.socket !== socket) return;
        this.gaps.shift();
      }
      this.sink.connection({ state: "live" });
    } catch {
      if (this.socket !== socket) return;
      this.drop();
      this.retryLater();
    }
  }

  private async *recordsOf({ after, until }: Missed): AsyncGenerator<Partial<Records>> {
    for (const list of ["requests", "findings"] as const) {
      let cursor: string | null = String(until + 1);
      while (cursor !== null && Number(cursor) > after + 1) {
        const page: RequestList | FindingList = await this.api[list](cursor);
        yield page;
        cursor = page.cursor;
      }
    }
    yield this.api.processes();
    yield this.api.threads();
    const { marks } = await this.api.marks();
    yield { marks };
  }

  /** Find out why the socket did not even open: a browser does not tell a refusal from a server that is down. */
  private async askWhy(): Promise<void> {
    this.retryLater();
    try {
      await this.api.processes();
    } catch (error) {
      if (error instanceof ApiFailure && error.denied && this.socket === null) this.deny(error.message);
    }
  }

  private retryLater(): void {
    this.failures += 1;
    const wait = waitMs(this.failures, this.world.random());
    this.sink.connection({ state: "waiting", retryAtMs: this.world.nowMs() + wait });
    this.timer = this.world.setTimeout(() => this.connect(), wait);
  }

  private deny(message: string): void {
    this.world.clearTimeout(this.timer);
    this.drop();
    this.sink.connection({ state: "denied", message });
  }

  /** Let go of the socket; what is still missing is asked for again by the next connection. */
  private drop(): void {
    this.position = this.gaps[0]?.after ?? this.position;
    this.gaps = [];
    if (!this.socket) return;
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }
}

/** Return the socket's address from its path on this page's server. */
export function liveUrl(path: string, page: URL): string {
  const url = new URL(path, page);
  url.protocol = page.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  return url.href;
}
