/** An array kept in order of a number, made for items that nearly always arrive at its end. */

export class Sorted<T> {
  /**
   * @param orderOf the number to sort by; it must not change while the item is in here.
   * @param items what is in here from the start, sorted already.
   */
  constructor(
    private readonly orderOf: (item: T) => number,
    readonly items: T[] = [],
  ) {}

  /** Put an item in, behind those of the same order. */
  insert(item: T): void {
    const order = this.orderOf(item);
    const last = this.items.at(-1);
    if (last === undefined || this.orderOf(last) <= order) this.items.push(item);
    else this.items.splice(this.firstWhere((other) => other > order), 0, item);
  }

  remove(item: T): void {
    const index = this.indexOf(item);
    if (index >= 0) this.items.splice(index, 1);
  }

  /** Return where an item stands, or -1. */
  indexOf(item: T): number {
    const order = this.orderOf(item);
    let index = this.firstWhere((other) => other >= order);
    while (index < this.items.length && this.orderOf(this.items[index] as T) === order) {
      if (this.items[index] === item) return index;
      index += 1;
    }
    return -1;
  }

  /** Take the first `count` items out and return them. */
  shift(count: number): T[] {
    return this.items.splice(0, count);
  }

  private firstWhere(found: (order: number) => boolean): number {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (found(this.orderOf(this.items[middle] as T))) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
