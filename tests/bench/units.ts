/**
 * Figures as the table shows them.
 *
 * @module
 */

/** A whole number. */
export function count(value: number): string {
  return value.toFixed(0);
}

/** Of a share. */
export function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** Of microseconds. */
export function micros(value: number): string {
  return `${value.toFixed(1)} µs`;
}

/** Of milliseconds. */
export function milliseconds(value: number): string {
  return `${value.toFixed(0)} ms`;
}

/** Of bits per second. */
export function gigabits(value: number): string {
  return `${(value / 1e9).toFixed(2)} Gbit/s`;
}

/** Of bytes. */
export function megabytes(value: number): string {
  return `${(value / 1e6).toFixed(1)} MB`;
}
