import { afterEach, expect, test } from "vitest";

import { traceAddress, traceUrl } from "./trace-viewer";

afterEach(() => {
  traceUrl.value = null;
});

test("without a viewer, or without a trace, there is no address", () => {
  expect(traceAddress("0af7")).toBeNull();
  traceUrl.value = "https://jaeger.example/trace/{trace_id}";
  expect(traceAddress(null)).toBeNull();
});

test("the id stands wherever the template wants it, and cannot lead elsewhere", () => {
  traceUrl.value = "https://jaeger.example/trace/{trace_id}?again={trace_id}";
  expect(traceAddress("0af7")).toBe("https://jaeger.example/trace/0af7?again=0af7");
  expect(traceAddress("../$&?#")).toBe("https://jaeger.example/trace/..%2F%24%26%3F%23?again=..%2F%24%26%3F%23");
});
