import { expect, test } from "vitest";

import { process, thread } from "../testing";
import { answers } from "./answer";

test("threads that serve several people one after another are counted over the processes of a deployment", () => {
  const two = ["p1", "p2"].map((id) => ({
    process: process({ id }),
    threads: [thread({ process: id, serial: 1 }), thread({ process: id, serial: 2 })],
  }));
  expect(answers(two)).toEqual([
    {
      deployment: "gunicorn gthread",
      processes: 2,
      sharing: "sequential",
      sentences: ["4 threads serve several people, one request after another"],
    },
  ]);
});

test("a thread with several requests in flight is named first, with the most there were", () => {
  const [answer] = answers([
    {
      process: process({ server: "uvicorn", worker_class: "uvicorn" }),
      threads: [
        thread({ serial: 2, sharing: "exclusive", requests: 1, users: 1 }),
        thread({ serial: 1, sharing: "interleaved", max_in_flight: 12 }),
      ],
    },
  ]);
  expect(answer).toEqual({
    deployment: "uvicorn",
    processes: 1,
    sharing: "interleaved",
    sentences: ["1 thread has had up to 12 requests in flight at once", "1 thread served a single request"],
  });
});

test("a thread that served one person only is not said to serve several", () => {
  const [answer] = answers([{ process: process(), threads: [thread({ users: 1 })] }]);
  expect(answer?.sentences).toEqual(["1 thread serves one request after another, so far for one person at most"]);
});

test("a process that served nothing says nothing", () => {
  expect(answers([{ process: process(), threads: [] }])).toEqual([]);
});
