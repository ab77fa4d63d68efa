/** The feed against a socket, an API and a clock in the test's hands. */

import { beforeEach, expect, test } from "vitest";

import { ApiFailure } from "./api";
import { Feed, liveUrl, type Sink, type Socket } from "./feed";
import { PROTOCOL_VERSION, type RequestList, type ServerMessage } from "./protocol/messages";
import type { Records, Request } from "./protocol/records";
import type { Connection } from "./state/connection";
import { packed, process, request } from "./testing";

class FakeSocket implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  closedByPage = false;
  readonly sent: unknown[] = [];

  constructor(readonly url: string) {}

  close(): void {
    this.closedByPage = true;
  }

  send(data: unknown): void {
    this.sent.push(JSON.parse(String(data)));
  }

  say(message: ServerMessage): void {
    const wire = "records" in message ? { ...message, records: onWire(message.records) } : message;
    this.onmessage?.call(this as never, { data: JSON.stringify(wire) } as MessageEvent);
  }

  open(): void {
    this.onopen?.call(this as never, {} as Event);
  }

  end(code = 1006): void {
    this.onclose?.call(this as never, { code } as CloseEvent);
  }
}

const onWire = (records: Records) => ({ ...records, requests: records.requests.map(packed) });

const EMPTY: Records = { processes: [], threads: [], requests: [], findings: [], marks: [], measurements: [] };
const HEALTH = { store: "ok", message: "", corrupt: 0 } as const;

let sockets: FakeSocket[];
let timers: { run(): void; ms: number }[];
let connections: Connection[];
let taken: string[];
let completed: string[];
let replaced: number;
let pages: Record<string, RequestList | ApiFailure>;
let asked: string[];
let askedFindings: string[];
let probe: ApiFailure | null;
let signsOfLife: [string, number][];

const sink: Sink = {
  connection: (now) => connections.push(now),
  health: () => {},
  serverTime: () => {},
  replace: () => {
    replaced += 1;
  },
  arrived: (processes, timeNs) => signsOfLife.push(...processes.map(({ id }): [string, number] => [id, timeNs])),
  complete: ({ requests }) => completed.push(...requests.map(({ id }) => id)),
  take: ({ requests }) => taken.push(...(requests ?? []).map(({ id }) => id)),
};

const api = {
  async requests(cursor: string) {
    asked.push(cursor);
    const page = pages[cursor] ?? new ApiFailure("no such page", 500);
    if (page instanceof Error) throw page;
    return page;
  },
  async processes() {
    if (probe) throw probe;
    return { processes: [], measurements: [], cursor: null, corrupt: 0 };
  },
  threads: async () => ({ threads: [], cursor: null, corrupt: 0 }),
  marks: async () => ({ marks: [], csrf_token: "", csrf_header: "", corrupt: 0 }),
  async findings(cursor: string) {
    askedFindings.push(cursor);
    return { findings: [], cursor: null, corrupt: 0 };
  },
};

function start(): Feed {
  const feed = new Feed("ws://here/live/", api, sink, {
    open(url) {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    setTimeout(run, ms) {
      const timer = { run, ms };
      timers.push(timer);
      return timer;
    },
    clearTimeout(timer) {
      timers = timers.filter((other) => other !== timer);
    },
    random: () => 1,
    nowMs: () => 0,
  });
  feed.connect();
  return feed;
}

function hello(position: number, resumed = false): ServerMessage {
  return { type: "hello", version: PROTOCOL_VERSION, server_time_ns: 1, position, resumed, health: HEALTH, records: EMPTY, older: { requests: null, findings: null } };
}

function batch(position: number, ...requests: Request[]): ServerMessage {
  return { type: "batch", server_time_ns: 1, position, records: { ...EMPTY, requests } };
}

function connect(position = 10): FakeSocket {
  start();
  const socket = sockets[0] as FakeSocket;
  socket.open();
  socket.say(hello(position));
  return socket;
}

/** Let every promise that can settle do so. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  sockets = [];
  timers = [];
  connections = [];
  taken = [];
  completed = [];
  asked = [];
  askedFindings = [];
  replaced = 0;
  pages = {};
  probe = null;
  signsOfLife = [];
});

test("the first state replaces what there was, and batches add to it", () => {
  const socket = connect();
  socket.say(batch(11, request({ id: "a" })));
  expect(replaced).toBe(1);
  expect(taken).toEqual(["a"]);
  expect(connections.at(-1)).toEqual({ state: "live" });
});

test("a full state may take several messages, of which the last says how far it goes", () => {
  const socket = connect(0);
  socket.say(batch(0, request({ id: "a" })));
  socket.say(batch(10, request({ id: "b" })));
  socket.say(batch(11, request({ id: "c" })));
  expect([completed, taken]).toEqual([["a", "b"], ["c"]]);
});

test("the server is told how far the page has come", () => {
  const socket = connect(10);
  socket.say(batch(11));
  expect(socket.sent).toEqual([
    { type: "seen", position: 10 },
    { type: "seen", position: 11 },
  ]);
});

test("a server whose store cannot be reached is connected all the same", () => {
  start();
  sockets[0]?.open();
  sockets[0]?.say({ type: "status", server_time_ns: 1, health: { ...HEALTH, store: "unreachable" } });
  expect(connections.at(-1)).toEqual({ state: "live" });
  expect(replaced).toBe(0);
});

test("a lost connection is taken up again from the last position, and what was there stays", () => {
  const socket = connect(10);
  socket.say(batch(17));
  socket.end();
  expect(connections.at(-1)).toEqual({ state: "waiting", retryAtMs: 500 });
  timers[0]?.run();
  const again = sockets[1] as FakeSocket;
  expect(again.url).toBe("ws://here/live/?after=17");
  again.open();
  again.say(hello(20, true));
  expect(replaced).toBe(1);
  expect(connections.at(-1)).toEqual({ state: "live" });
});

test("each failure doubles the wait, and a success starts it over", () => {
  connect().end();
  const waits: (number | undefined)[] = [timers.at(-1)?.ms];
  for (let round = 1; round <= 2; round += 1) {
    timers.at(-1)?.run();
    sockets[round]?.open();
    sockets[round]?.end();
    waits.push(timers.at(-1)?.ms);
  }
  expect(waits).toEqual([500, 1000, 2000]);
  timers.at(-1)?.run();
  sockets[3]?.open();
  sockets[3]?.say(hello(30));
  sockets[3]?.end();
  expect(timers.at(-1)?.ms).toBe(500);
});

test("'retry now' does not wait, and leaves no second attempt behind", () => {
  const feed = start();
  sockets[0]?.open();
  sockets[0]?.end();
  feed.connect();
  expect(sockets).toHaveLength(2);
  expect(timers).toHaveLength(0);
});

test("what was missed is fetched page by page, down to where it was known", async () => {
  const socket = connect(10);
  pages = {
    "31": { requests: [request({ id: "d" }), request({ id: "c" })], cursor: "20", corrupt: 0 },
    "20": { requests: [request({ id: "b" })], cursor: "11", corrupt: 0 },
  };
  socket.say({ type: "missed", after: 10, until: 30, requests: 3 });
  expect(connections.at(-1)).toEqual({ state: "catching-up", requests: 3 });
  await settled();
  expect(asked).toEqual(["31", "20"]);
  expect(askedFindings).toEqual(["31"]);
  expect(taken).toEqual(["d", "c", "b"]);
  expect(connections.at(-1)).toEqual({ state: "live" });
});

test("when catching up fails, the next connection begins in front of the gap", async () => {
  const socket = connect(10);
  socket.say({ type: "missed", after: 10, until: 30, requests: 3 });
  socket.say(batch(40));
  await settled();
  expect(socket.closedByPage).toBe(true);
  timers[0]?.run();
  expect(sockets[1]?.url).toBe("ws://here/live/?after=10");
});

test("when the connection is lost while catching up, the next one begins in front of the oldest gap", async () => {
  const socket = connect(10);
  pages = { "31": { requests: [], cursor: null, corrupt: 0 }, "61": { requests: [], cursor: null, corrupt: 0 } };
  socket.say({ type: "missed", after: 10, until: 30, requests: 3 });
  socket.say({ type: "missed", after: 50, until: 60, requests: 3 });
  socket.end();
  await settled();
  timers[0]?.run();
  expect(sockets[1]?.url).toBe("ws://here/live/?after=10");
});

test("two gaps are closed one after the other", async () => {
  const socket = connect(10);
  pages = {
    "31": { requests: [request({ id: "a" })], cursor: null, corrupt: 0 },
    "61": { requests: [request({ id: "b" })], cursor: null, corrupt: 0 },
  };
  socket.say({ type: "missed", after: 10, until: 30, requests: 1 });
  socket.say({ type: "missed", after: 50, until: 60, requests: 1 });
  await settled();
  expect(taken).toEqual(["a", "b"]);
  expect(connections.at(-1)).toEqual({ state: "live" });
});

test("when access ends, the page says so and does not try again", () => {
  const socket = connect();
  socket.say({ type: "denied", message: "You have been signed out." });
  expect(connections.at(-1)).toEqual({ state: "denied", message: "You have been signed out." });
  expect(timers).toHaveLength(0);
});

test("a socket closed with the code for denied says so without a message", () => {
  connect().end(4403);
  expect(connections.at(-1)?.state).toBe("denied");
  expect(timers).toHaveLength(0);
});

test("a refused handshake is told from a server that is down by asking the API", async () => {
  probe = new ApiFailure("Not found", 404);
  start();
  sockets[0]?.end();
  await settled();
  expect(connections.at(-1)).toEqual({ state: "denied", message: "Not found" });
  expect(timers).toHaveLength(0);
});

test("a server that is down is tried again", async () => {
  probe = new ApiFailure("The server does not answer.", 0);
  start();
  sockets[0]?.end();
  await settled();
  expect(connections.at(-1)?.state).toBe("waiting");
  expect(timers).toHaveLength(1);
});

test("the socket's scheme follows the page's", () => {
  expect(liveUrl("/reqtrace/live/", new URL("https://shop.example/reqtrace/#paused=1"))).toBe(
    "wss://shop.example/reqtrace/live/",
  );
  expect(liveUrl("/reqtrace/live/", new URL("http://localhost:8000/reqtrace/"))).toBe("ws://localhost:8000/reqtrace/live/");
});

test.each([-1, 1])("a page whose server speaks another version takes nothing in, and asks to be loaded again", (by) => {
  start();
  const socket = sockets[0] as FakeSocket;
  socket.open();
  socket.say({ ...hello(10), version: PROTOCOL_VERSION + by } as ServerMessage);
  expect(connections.at(-1)).toEqual({ state: "outdated" });
  expect(socket.closedByPage).toBe(true);
  expect(replaced).toBe(0);
  expect(timers).toEqual([]);
});

test("signs of life are told with the time of their arrival, but not those of the state so far", () => {
  const socket = connect(10);
  socket.say({ ...batch(11), records: { ...EMPTY, processes: [process({ id: "p1" })] } } as ServerMessage);
  expect(signsOfLife).toEqual([["p1", 1]]);
});

test("a feed that was left hears no more, and begins with a full state when it is back", () => {
  const feed = start();
  sockets[0]?.say(hello(10));
  sockets[0]?.say(batch(11));
  feed.leave();
  expect(sockets[0]?.closedByPage).toBe(true);
  expect(timers).toEqual([]);
  feed.connect();
  expect(sockets[1]?.url).toBe("ws://here/live/");
});
