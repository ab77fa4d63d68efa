/** A file in pieces, as it is or out of gzip: one archive or several, as `cat *.gz` puts them one behind another. */

/** What an archive begins with: its name, and the one way to pack that there is. */
const BEGINNING = [0x1f, 0x8b, 0x08] as const;
/** How much of a file is looked through at a time. */
const LOOK = 4 * 1024 * 1024;

export function isGzip(beginning: Uint8Array): boolean {
  return BEGINNING.every((byte, place) => beginning[place] === byte);
}

/** Hears how many bytes of the file were read so far. */
type Read = (bytes: number) => void;

/** Give a file as it is, piece by piece. */
export function plain(file: Blob, read: Read): AsyncGenerator<Uint8Array> {
  return pieces(counted(file, read));
}

/**
 * Unpack a file, piece by piece.
 *
 * A browser takes what stands behind an archive for a fault of it, and does not say where it ended. So a file is cut
 * wherever another one may begin; where that was mere chance, the two parts are unpacked anew as one.
 *
 * @throws TypeError when an archive is damaged or ends in the middle; what is whole was given before.
 */
export async function* unpacked(file: Blob, read: Read): AsyncGenerator<Uint8Array> {
  const cuts = [...(await beginnings(file)).slice(1), file.size];
  let begin = 0;
  let given = 0; // of the archive that begins there
  for (const end of cuts) {
    const from = begin;
    const packed = counted(file.slice(from, end), (bytes) => read(from + bytes));
    let toSkip = given;
    try {
      for await (const piece of pieces(packed.pipeThrough(new DecompressionStream("gzip")))) {
        const fresh = piece.subarray(toSkip);
        toSkip -= piece.length - fresh.length;
        given += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
    } catch (error) {
      if (end === file.size) throw error;
      continue;
    }
    [begin, given] = [end, 0];
  }
}

/** Where an archive begins in a file, or seems to. */
async function beginnings(file: Blob): Promise<number[]> {
  const found: number[] = [];
  for (let start = 0; start < file.size; start += LOOK) {
    // What is looked for may lie across the edge.
    const bytes = new Uint8Array(await file.slice(start, start + LOOK + BEGINNING.length - 1).arrayBuffer());
    for (let at = bytes.indexOf(BEGINNING[0]); at >= 0; at = bytes.indexOf(BEGINNING[0], at + 1)) {
      if (isGzip(bytes.subarray(at))) found.push(start + at);
    }
  }
  return found;
}

function counted(part: Blob, read: Read): ReadableStream<Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      read((bytes += piece.length));
      controller.enqueue(piece);
    },
  });
  return part.stream().pipeThrough(counting);
}

async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
  } finally {
    void reader.cancel().catch(() => undefined); // of a damaged archive, it fails as the reading did
  }
}
