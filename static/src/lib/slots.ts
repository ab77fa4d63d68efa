/** Which drawn element shows which row, so that elements can be used again without moving under the pointer. */

export class Slots {
  private held = new Map<string, number>();
  private next = 0;

  /**
   * Return a slot for each id: an id keeps the slot that it had.
   *
   * @param recycle whether new ids take over the slots of those that left, which is much cheaper to draw, rather than
   *   get slots never used before, which is right where the focus or the pointer must not end up on another row.
   */
  assign(ids: readonly string[], recycle: boolean): number[] {
    const before = this.held;
    const staying = new Set(ids);
    const free = recycle ? [...before].filter(([id]) => !staying.has(id)).map(([, slot]) => slot) : [];
    this.held = new Map(ids.map((id) => [id, before.get(id) ?? free.shift() ?? this.next++]));
    return ids.map((id) => this.held.get(id) as number);
  }
}
