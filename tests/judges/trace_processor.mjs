// Perfetto's trace processor, the WebAssembly of its page, asked from Node.
//
// usage: node trace_processor.mjs FOLDER < requests > replies
//
// FOLDER holds `engine_bundle.js` and the `.wasm` files. Requests and replies are byte streams of TraceProcessorRpc
// messages, which the caller writes and reads. The engine is the page's worker: it is given what a worker has.
import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";

const folder = process.argv[2];

class XMLHttpRequest {
  open(method, url) {
    this.url = url;
  }
  send() {
    const bytes = readFileSync(join(folder, this.url));
    this.response = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    this.status = 200;
  }
}

const quiet = { log() {}, warn() {}, error: (...words) => process.stderr.write(words.join(" ") + "\n") };
const self = { location: { href: "" } };
const names = { self, XMLHttpRequest, TextDecoder, TextEncoder, performance, setTimeout, URL, crypto };
const worker = vm.createContext({ ...names, console: quiet, WorkerGlobalScope: class {} });
vm.runInContext(readFileSync(join(folder, "engine_bundle.js"), "utf8"), worker);

const port = {
  postMessage(reply) {
    for (let at = 0; at < reply.length; ) at += writeSync(1, reply, at);
  },
};
self.onmessage({ data: port });
await new Promise((ready) => setTimeout(ready, 0));
const Bytes = vm.runInContext("Uint8Array", worker); // it looks whether it is given one of its own realm
port.onmessage({ data: new Bytes(readFileSync(0)) });
