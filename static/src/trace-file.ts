/** The one module that reads files: decodes what `archive.ts` unpacks, in steps that leave the page its frames. */

import { isGzip, plain, unpacked } from "./archive";
import { t } from "./lib/text";
import { NoTrace, TraceText } from "./lib/trace-text";
import { BadArchive, isZstandard, unzstandard } from "./zstandard";

/** How long a step may take. */
const STEP_MS = 12;

/** What a file begins with, where that tells what it is. */
const SIGNATURES: readonly (readonly [bytes: readonly number[], what: () => string])[] = [
  [[0x50, 0x4b], () => t("It is a ZIP archive: unpack it first.")],
  [[0x42, 0x5a, 0x68], () => t("It is compressed with bzip2: unpack it first.")],
  [[0xfd, 0x37, 0x7a], () => t("It is compressed with xz: unpack it first.")],
  [[0x53, 0x51, 0x4c, 0x69], () => t("It is a SQLite database: export it first, with manage.py reqtrace export.")],
  [[0x89, 0x50], () => t("It is a picture.")],
  [[0xff, 0xd8], () => t("It is a picture.")],
  [[0x25, 0x50, 0x44, 0x46], () => t("It is a PDF.")],
];

/**
 * Read a trace out of a file.
 *
 * @param told hears from time to time which share of the file was read.
 * @param left tells whether nobody waits for it any more.
 * @throws NoTrace when it is none.
 */
export async function readTrace(file: Blob, told: (share: number) => void, left: () => boolean): Promise<TraceText> {
  const beginning = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  for (const [bytes, what] of SIGNATURES) if (startsWith(beginning, bytes)) throw new NoTrace(what());

  const trace = new TraceText();
  let bytesRead = 0;
  const unpack = isGzip(beginning) ? unpacked : isZstandard(beginning) ? unzstandard : null;
  const pieces = (unpack ?? plain)(file, (bytes) => (bytesRead = Math.max(bytesRead, bytes)));
  const decoder = new TextDecoder();
  let rest = "";
  let steppedMs = performance.now();

  /** Read all whole lines of a text, and keep what stands behind the last one. */
  async function take(text: string): Promise<void> {
    let begin = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", begin)) {
      trace.line(begin === 0 ? rest + text.slice(0, end) : text.slice(begin, end));
      if (begin === 0) rest = "";
      begin = end + 1;
      if (isDue()) await breathe();
    }
    rest += text.slice(begin);
    if (isDue()) await breathe();
  }

  const isDue = (): boolean => performance.now() - steppedMs >= STEP_MS;

  async function breathe(): Promise<void> {
    told(Math.min(1, bytesRead / file.size));
    await nextTask();
    steppedMs = performance.now();
  }

  try {
    for await (const piece of pieces) {
      if (left()) return trace;
      await take(decoder.decode(piece, { stream: true }));
    }
  } catch (error) {
    if (!unpack || error instanceof NoTrace) throw error;
    const what = error instanceof BadArchive ? error.message : t("the archive is damaged, or ends in the middle");
    if (trace.isEmpty && rest === "") throw new NoTrace(t("Nothing of it can be unpacked: {reason}.", { reason: what }));
    trace.problems.push({ line: 0, what });
  }
  if (left()) return trace;
  await take(`${decoder.decode()}\n`);
  trace.end();
  return trace;
}

/** Let the browser draw and answer before going on. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function startsWith(beginning: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, place) => beginning[place] === byte);
}
