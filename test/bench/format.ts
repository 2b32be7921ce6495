/** `1.23 s` or `45 ms`. */
export function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`;
}

/** `1.23`, `45`: three digits that count. */
export function formatRatio(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0);
}

/** `390 MB/s`; a megabyte is a million bytes. */
export function formatSpeed(bytes: number, seconds: number): string {
  return `${(bytes / seconds / 1e6).toFixed(0)} MB/s`;
}

/** `123 MB`: of memory, a megabyte is 1,048,576 bytes, as in `ps` and `top`. */
export function formatMegabytes(megabytes: number): string {
  return `${megabytes.toFixed(0)} MB`;
}

/** `10,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}
