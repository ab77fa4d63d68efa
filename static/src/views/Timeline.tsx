/** Who ran where, over time. */

export function Timeline() {
  return null;
}
