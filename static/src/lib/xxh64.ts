/**
 * The checksum at the end of a Zstandard frame: the lower half of XXH64, without a seed, over all that was unpacked.
 *
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, where a 64-bit number stands as its two halves
 * wherever it is counted for each byte: `bigint` would take longer than the unpacking.
 */

const [P1, P2, P3, P4, P5] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n];
const [P1_HIGH, P1_LOW] = [0x9e3779b1 | 0, 0x85ebca87 | 0];
const [P2_HIGH, P2_LOW] = [0xc2b2ae3d | 0, 0x27d4eb4f | 0];
const STRIPE = 32;

export class Xxh64 {
  /** Four accumulators, the lower half of each first. */
  private readonly lanes = new Int32Array(new BigUint64Array([P1 + P2, P2, 0n, -P1].map((lane) => BigInt.asUintN(64, lane))).buffer);
  private readonly rest = new Uint8Array(STRIPE);
  private length = 0;

  update(bytes: Uint8Array): void {
    const held = this.length % STRIPE;
    this.length += bytes.length;
    let at = 0;
    if (held > 0) {
      at = Math.min(STRIPE - held, bytes.length);
      this.rest.set(bytes.subarray(0, at), held);
      if (held + at < STRIPE) return;
      this.stripes(this.rest, 0, STRIPE);
    }
    const end = at + (bytes.length - at - ((bytes.length - at) % STRIPE));
    this.stripes(bytes, at, end);
    this.rest.set(bytes.subarray(end));
  }

  /** Return the lower 32 bits. */
  digest(): number {
    let hash = this.length < STRIPE ? P5 : this.converged();
    hash = add(hash, BigInt(this.length));
    const rest = new DataView(this.rest.buffer, 0, this.length % STRIPE);
    let at = 0;
    for (; at + 8 <= rest.byteLength; at += 8) {
      hash = add(multiply(rotate(hash ^ round(0n, rest.getBigUint64(at, true)), 27n), P1), P4);
    }
    if (at + 4 <= rest.byteLength) {
      hash = add(multiply(rotate(hash ^ multiply(BigInt(rest.getUint32(at, true)), P1), 23n), P2), P3);
      at += 4;
    }
    for (; at < rest.byteLength; at++) hash = multiply(rotate(hash ^ multiply(BigInt(rest.getUint8(at)), P5), 11n), P1);
    hash = multiply(hash ^ (hash >> 33n), P2);
    hash = multiply(hash ^ (hash >> 29n), P3);
    return Number((hash ^ (hash >> 32n)) & 0xffff_ffffn);
  }

  private converged(): bigint {
    const lanes = [...new BigUint64Array(this.lanes.buffer)] as [bigint, bigint, bigint, bigint];
    const mixed = lanes.reduce((sum, lane, place) => add(sum, rotate(lane, [1n, 7n, 12n, 18n][place] as bigint)), 0n);
    return lanes.reduce((hash, lane) => add(multiply(hash ^ round(0n, lane), P1), P4), mixed);
  }

  private stripes(bytes: Uint8Array, from: number, end: number): void {
    const { lanes } = this;
    for (let at = from; at < end; at += 8) {
      const lane = ((at - from) & 24) >> 2;
      // lane += word * P2
      let low = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) | 0;
      let high = (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)) | 0;
      high = (Math.imul(high, P2_LOW) + Math.imul(low, P2_HIGH) + upperOf(low, P2_LOW)) | 0;
      const sum = (Math.imul(low, P2_LOW) >>> 0) + (lanes[lane]! >>> 0);
      high = (high + lanes[lane + 1]! + (sum > 0xffff_ffff ? 1 : 0)) | 0;
      low = sum | 0;
      // lane = rotate(lane, 31) * P1
      const turnedLow = (low << 31) | (high >>> 1);
      const turnedHigh = (high << 31) | (low >>> 1);
      lanes[lane] = Math.imul(turnedLow, P1_LOW);
      lanes[lane + 1] = (Math.imul(turnedHigh, P1_LOW) + Math.imul(turnedLow, P1_HIGH) + upperOf(turnedLow, P1_LOW)) | 0;
    }
  }
}

/** Return the upper half of the product of two halves, none of which has a sign. */
function upperOf(one: number, other: number): number {
  const [oneLow, oneHigh, otherLow, otherHigh] = [one & 0xffff, one >>> 16, other & 0xffff, other >>> 16];
  const middle = oneHigh * otherLow + ((oneLow * otherLow) >>> 16);
  const carried = oneLow * otherHigh + (middle & 0xffff);
  return (oneHigh * otherHigh + (middle >>> 16) + (carried >>> 16)) | 0;
}

function round(lane: bigint, word: bigint): bigint {
  return multiply(rotate(add(lane, multiply(word, P2)), 31n), P1);
}

function add(one: bigint, other: bigint): bigint {
  return BigInt.asUintN(64, one + other);
}

function multiply(one: bigint, other: bigint): bigint {
  return BigInt.asUintN(64, one * other);
}

function rotate(value: bigint, by: bigint): bigint {
  return BigInt.asUintN(64, value << by) | (value >> (64n - by));
}
