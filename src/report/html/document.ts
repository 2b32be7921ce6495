import { script } from "./script.ts";
import { style } from "./style.ts";
import { html, nothing, trusted, type Html } from "./template.ts";

/** What the frame around the content needs to know. */
export interface Frame {
  readonly title: string;
  /** Of a page that is served under a Content-Security-Policy; null: a file, which brings its own and has no script. */
  readonly nonce: string | null;
}

/** Where the rows of groups go in a document's body. No value can hold it: in values, `<` is escaped. */
export const rowsPlace = trusted("<!-- rows -->");

/**
 * A whole document in parts: one style, at most one script, nothing from elsewhere. Row by row, because all of them together may be
 * large.
 */
export function* renderDocument(frame: Frame, body: Html, rows: Iterable<Html>): Generator<string> {
  const [head = "", tail = ""] = renderFrame(frame, body).split(rowsPlace.text);
  yield head;
  for (const row of rows) yield row.text;
  yield tail;
}

function renderFrame({ title, nonce }: Frame, body: Html): string {
  const policy =
    nonce === null
      ? html`<meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        /> `
      : nothing;
  const attribute = nonce === null ? nothing : html` nonce="${nonce}"`;
  const active = nonce === null ? nothing : html`<script${attribute}>${trusted(script)}</script>\n`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${policy}<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style${attribute}>${trusted(style)}</style>
${active}</head>
<body>
${body}</body>
</html>
`.text;
}
