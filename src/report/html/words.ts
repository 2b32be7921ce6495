import { formatAge } from "../../core/duration.ts";
import { formatTime } from "../../core/time.ts";
import { html, type Html } from "./template.ts";

/** `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

/** `12,345 groups`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A moment as people say it, `3m ago` or `in 2h`; the exact one is for machines, and for the pointer. */
export function renderMoment(seconds: number, now: number): Html {
  const distance = seconds - now;
  const words = distance > 0 ? `in ${formatAge(distance)}` : `${formatAge(-distance)} ago`;
  const exact = formatTime(seconds) ?? "";
  return html`<time datetime="${exact}" title="${exact}">${words}</time>`;
}

/** `2027-01-15 08:00` in UTC, for a column of them. */
export function renderDate(seconds: number): Html {
  const exact = formatTime(seconds) ?? "";
  return html`<time datetime="${exact}" title="${exact}">${exact.slice(0, 16).replace("T", " ")}</time>`;
}

export function formatTook(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : formatAge(seconds);
}
