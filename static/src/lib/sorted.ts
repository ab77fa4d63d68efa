/** An array kept in order, made for items that nearly always arrive at its end. */

/** Orders of one array are all numbers, or all texts. */
export type Order = number | string;

export class Sorted<T> {
  private list: T[];

  /**
   * @param orderOf what to sort by; it must not change while the item is in here.
   * @param items what is in here from the start, in whatever order: equals keep theirs.
   */
  constructor(
    private readonly orderOf: (item: T) => Order,
    items: readonly T[] = [],
  ) {
    this.list = [...items].sort((a, b) => compare(orderOf(a), orderOf(b)));
  }

  get items(): readonly T[] {
    return this.list;
  }

  /** Put an item in, behind those of the same order. */
  insert(item: T): void {
    const order = this.orderOf(item);
    const last = this.list.at(-1);
    if (last === undefined || this.orderOf(last) <= order) this.list.push(item);
    else this.list.splice(this.firstWhere((other) => other > order), 0, item);
  }

  remove(item: T): void {
    const index = this.indexOf(item);
    if (index >= 0) this.list.splice(index, 1);
  }

  /** Return where an item stands, or -1. */
  indexOf(item: T): number {
    const order = this.orderOf(item);
    let index = this.firstWhere((other) => other >= order);
    while (index < this.list.length && this.orderOf(this.list[index] as T) === order) {
      if (this.list[index] === item) return index;
      index += 1;
    }
    return -1;
  }

  /** Take the first `count` items out and return them. */
  shift(count: number): T[] {
    return this.list.splice(0, count);
  }

  /** Keep only some items. */
  keep(isKept: (item: T) => boolean): void {
    this.list = this.list.filter(isKept);
  }

  private firstWhere(found: (order: Order) => boolean): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (found(this.orderOf(this.list[middle] as T))) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function compare(a: Order, b: Order): number {
  return Number(a > b) - Number(a < b);
}
