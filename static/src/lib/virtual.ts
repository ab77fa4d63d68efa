/** Which rows of a long list need to exist: the arithmetic of a virtual list with rows of one height. */

export interface Window {
  /** Index of the first row to draw. */
  first: number;
  /** Index behind the last row to draw. */
  end: number;
}

/** Return the rows that show in a viewport, and `overscan` more on either side. */
export function windowOf(scrollTop: number, viewHeight: number, rowHeight: number, rows: number, overscan = 4): Window {
  const last = Math.max(0, rows - 1);
  const first = Math.min(last, Math.max(0, Math.floor(scrollTop / rowHeight) - overscan));
  const end = Math.min(rows, Math.ceil((Math.max(0, scrollTop) + viewHeight) / rowHeight) + overscan);
  return { first, end: Math.max(first, end) };
}

/** Return the scroll offset that brings a row into view with the least movement. */
export function scrollTopFor(index: number, scrollTop: number, viewHeight: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + viewHeight ? top + rowHeight - viewHeight : scrollTop;
}
