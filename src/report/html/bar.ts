import { html, type Html } from "./template.ts";

/** From here on a bar says that it is getting late. */
const lateRatio = 0.75;

/**
 * How much of the TTL is over. Drawn, because a strict Content-Security-Policy forbids a width in a style attribute; of
 * that a bar is full there is more than one degree, so the text says the number.
 */
export function renderBar(ratio: number): Html {
  const percent = Math.floor(ratio * 100);
  const tone = ratio > 1 ? "over" : ratio >= lateRatio ? "late" : "early";
  const width = (Math.min(1, ratio) * 100).toFixed(1);
  return html`<svg
    class="bar ${tone}"
    role="meter"
    aria-label="TTL used"
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow="${Math.min(100, percent)}"
    aria-valuetext="${percent} %"
    width="100%"
    height="6"
  >
    <rect class="track" width="100%" height="6" rx="3" />
    <rect class="used" width="${width}%" height="6" rx="3" />
  </svg>`;
}
