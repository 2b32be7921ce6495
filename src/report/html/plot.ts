import { formatCount } from "./parts.ts";
import { html, nothing, type Html } from "./template.ts";

/** One column of a plot. */
export interface Bar {
  /** From the bottom to the top; the tone is a class of the style. */
  readonly parts: readonly (readonly [height: number, tone: string])[];
  /** The same in words. Empty: there is nothing to say, and nothing is drawn. */
  readonly title: string;
  readonly href?: string | null;
}

/** A line of a chart: a name, bars and a number. */
interface PlotRow {
  readonly name: string;
  /** Of the name; null: none. */
  readonly href: string | null;
  readonly value: Html;
  readonly bars: readonly Bar[];
  /** Pixels. */
  readonly height: number;
  /** Shows the highest number. */
  readonly hasPeak?: boolean;
  /** Vertical lines, from 0 to 1. */
  readonly grid?: readonly number[];
  /** Drawn over the bars. */
  readonly over?: Html;
}

/** The room above the bars for a line of text, pixels. */
const textHeight = 15;

/**
 * Bars in an SVG as wide as its place; text keeps its size on every screen. The name, which a stranger may have written, is beside
 * it, where it can be cut and isolated.
 */
export function renderRow({ name, href, value, bars, height, hasPeak, grid = [], over }: PlotRow): Html {
  const sums = bars.map(({ parts }) => parts.reduce((sum, [part]) => sum + part, 0));
  const peak = Math.max(...sums);
  const top = hasPeak === true || over !== undefined ? textHeight : 3;
  const bottom = height - 1;
  // One path for all bars of a tone: there may be many. A slot is one unit wide.
  const paths = new Map<string, string>();
  const draw = (tone: string, slot: number, y: number, size: number): void => {
    paths.set(tone, `${paths.get(tone) ?? ""}M${rounded(slot + 0.1)} ${rounded(y)}h.8v${rounded(size)}h-.8z`);
  };
  const columns = bars.map((bar, slot) => {
    if (bar.title === "") return nothing;
    let y = bottom;
    for (const [part, tone] of bar.parts) {
      if (part === 0) continue;
      // Even the smallest count is visible.
      const size = Math.max(2, (part / peak) * (bottom - top));
      y -= size;
      draw(tone, slot, y, size);
    }
    if (y === bottom) draw("idle", slot, y - 2, 2);
    // A low bar is as easy to point at as a high one.
    const area = html`<rect x="${slot}" width="1" height="${height}"><title>${bar.title}</title></rect>`;
    return typeof bar.href === "string" ? html`<a href="${bar.href}" tabindex="-1">${area}</a>` : area;
  });
  const label = bars.flatMap(({ title }, slot) => (sums[slot] === 0 ? [] : title)).join("; ");
  const title = html`<bdi title="${name}">${name}</bdi>`;
  return html`<li>
    <span class="name">${href === null ? title : html`<a href="${href}">${title}</a>`}</span>
    <span class="value">${value}</span>
    <svg class="plot" height="${height}" role="img" aria-label="${name}: ${label || "none"}">
      ${grid.map((at) => renderLine("grid", at, 0, height))}
      <svg viewBox="0 0 ${bars.length} ${height}" height="${height}" preserveAspectRatio="none">
        ${columns}${[...paths].map(([tone, path]) => html`<path class="${tone}" d="${path}" />`)}
      </svg>
      <line class="base" x2="100%" y1="${bottom + 0.5}" y2="${bottom + 0.5}" />
      ${hasPeak === true ? html`<line class="grid" x2="100%" y1="${top}" y2="${top}" /><text y="${top - 4}">max ${formatCount(peak)}</text>` : nothing}${over ?? nothing}
    </svg>
  </li> `;
}

export function renderLine(tone: string, at: number, from: number, to: number): Html {
  return html`<line class="${tone}" x1="${percent(at)}" x2="${percent(at)}" y1="${from}" y2="${to}" />`;
}

/** @param side of the position that the text is on */
export function renderText(text: string, at: number, y: number, side: "left" | "middle" | "right"): Html {
  const anchor = { left: "end", middle: "middle", right: "start" }[side];
  const shift = { left: -4, middle: 0, right: 4 }[side];
  return html`<text x="${percent(at)}" dx="${shift}" y="${y}" text-anchor="${anchor}">${text}</text>`;
}

function percent(ratio: number): string {
  return `${rounded(100 * ratio)}%`;
}

function rounded(number: number): number {
  return Math.round(100 * number) / 100;
}

/** The last line of a chart; texts at the ends stay inside. */
export function renderAxis(ticks: readonly { readonly at: number; readonly text: string }[]): Html {
  const texts = ticks.map(({ at, text }) =>
    renderText(text, at, 13, at === 0 ? "right" : at === 1 ? "left" : "middle"),
  );
  return html`<li aria-hidden="true"><svg class="plot" height="18">${texts}</svg></li> `;
}

/** @param rows none: the note says why */
export function renderChart(id: string, title: string, note: Html, rows: readonly Html[]): Html {
  return html`<section class="chart" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    <p class="note">${note}</p>
    ${
      rows.length === 0
        ? nothing
        : html`<ul>
            ${rows}
          </ul>`
    }
  </section> `;
}
