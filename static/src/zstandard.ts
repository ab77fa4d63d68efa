/**
 * A file out of Zstandard, frame by frame and block by block: nothing is held but a window and a block.
 *
 * Not with the browser's own `DecompressionStream`: Chromium has none for it, and where there is one it takes a second
 * frame for a fault and windows above 8 MiB for too large, both of which `zstd` writes.
 */

import { Decompress } from "fzstd";

import { t } from "./lib/text";
import { Xxh64 } from "./lib/xxh64";

const FRAME = 0xfd2fb528;
/** The first of sixteen; what such a frame holds is not for us. */
const SKIPPED = 0x184d2a50;
/** As much as `zstd --long` looks back, and as much as `manage.py reqtrace open` takes. */
const WINDOW = 128 * 1024 * 1024;
const BLOCK = 128 * 1024;
const LOOK = 1024 * 1024;
/** The kind of block that holds one byte, to be repeated. */
const REPEATED = 1;
/** The last kind that there is. */
const COMPRESSED = 2;

/** An archive that cannot be unpacked further, in words. */
export class BadArchive extends Error {}

export function isZstandard(beginning: Uint8Array): boolean {
  const magic = number(beginning.subarray(0, 4));
  return beginning.length >= 4 && (magic === FRAME || isSkipped(magic));
}

/**
 * Unpack a file, piece by piece; it may hold several frames, as `cat *.zst` puts them one behind another.
 *
 * @param read hears how many bytes of the file were read so far.
 * @throws BadArchive when it is damaged or ends in the middle; what is whole was given before.
 */
export async function* unzstandard(file: Blob, read: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const bytes = new Bytes(file);
  for (let start = await bytes.upTo(4); start.some(Boolean); start = await bytes.upTo(4)) {
    const magic = number(start);
    if (isSkipped(magic)) bytes.skip(number(await bytes.take(4)));
    else if (magic === FRAME) for await (const piece of frame(bytes, start)) yield (read(bytes.at), piece);
    else throw new BadArchive(start.length < 4 ? ends() : t("behind the archive stands something else"));
  }
  if (bytes.at > file.size) throw new BadArchive(ends());
}

async function* frame(bytes: Bytes, magic: Uint8Array): AsyncGenerator<Uint8Array> {
  const head = await headOf(bytes);
  const checksum = head.hasChecksum ? new Xxh64() : null; // which the library leaves aside
  const unpacked: Uint8Array[] = [];
  const decoder = new Decompress((piece) => piece.length > 0 && unpacked.push(piece));
  decoder.push(joined(magic, head.bytes));
  for (let isLast = false; !isLast; ) {
    const start = await bytes.take(3);
    const [kind, size] = [(number(start) >> 1) & 3, number(start) >> 3];
    isLast = (number(start) & 1) === 1;
    if (kind > COMPRESSED || size > BLOCK) throw new BadArchive(damaged());
    const block = joined(start, await bytes.take(kind === REPEATED ? 1 : size));
    const end = await bytes.upTo(isLast && checksum ? 4 : 0);
    try {
      decoder.push(joined(block, end), isLast && (!checksum || end.length === 4));
    } catch {
      throw new BadArchive(damaged());
    } finally {
      for (const piece of unpacked.splice(0)) {
        checksum?.update(piece);
        yield piece;
      }
    }
    if (!isLast || !checksum) continue;
    if (end.length < 4) throw new BadArchive(ends());
    if (number(end) !== checksum.digest()) throw new BadArchive(damaged());
  }
}

/** Read what a frame begins with, behind its magic. */
async function headOf(bytes: Bytes): Promise<{ bytes: Uint8Array; hasChecksum: boolean }> {
  const start = await bytes.take(1);
  const flags = start[0]!;
  const isOneSegment = Boolean(flags & 0x20);
  const [forDictionary, forSize] = [[0, 1, 2, 4][flags & 3]!, [isOneSegment ? 1 : 0, 2, 4, 8][flags >> 6]!];
  const rest = await bytes.take((isOneSegment ? 0 : 1) + forDictionary + forSize);
  const descriptor = rest[0]!;
  const power = 2 ** (10 + (descriptor >> 3));
  const window = isOneSegment ? number(rest.subarray(forDictionary)) : power + (power / 8) * (descriptor & 7);
  if (number(rest.subarray(isOneSegment ? 0 : 1).subarray(0, forDictionary)) !== 0) throw new BadArchive(t("the archive takes a dictionary to unpack"));
  if (window > WINDOW) throw new BadArchive(t("the archive looks back further than 128 MiB: unpack it first, with unzstd --memory=2GB"));
  return { bytes: joined(start, rest), hasChecksum: Boolean(flags & 4) };
}

/** Gives a file's bytes one after another, and reads them in larger steps. */
class Bytes {
  /** How many were given. */
  at = 0;
  private from = 0;
  private held = new Uint8Array(0);

  constructor(private readonly file: Blob) {}

  /** Return the next ones, fewer only at the file's end. */
  async upTo(count: number): Promise<Uint8Array> {
    if (this.at + count > this.from + this.held.length) {
      this.held = new Uint8Array(await this.file.slice(this.at, this.at + Math.max(count, LOOK)).arrayBuffer());
      this.from = this.at;
    }
    const given = this.held.subarray(this.at - this.from, this.at - this.from + count);
    this.at += given.length;
    return given;
  }

  async take(count: number): Promise<Uint8Array> {
    const given = await this.upTo(count);
    if (given.length < count) throw new BadArchive(ends());
    return given;
  }

  skip(count: number): void {
    this.at += count;
  }
}

function isSkipped(magic: number): boolean {
  return magic >= SKIPPED && magic < SKIPPED + 16;
}

function number(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const damaged = (): string => t("the archive is damaged");
const ends = (): string => t("the archive ends in the middle");
