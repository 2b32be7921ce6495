/** What the web configuration adds to the answers' headers: it wins over the janitor's own. */
export type ExtraHeaders = Readonly<Record<string, string>>;

/**
 * The headers that every answer bears.
 * @param nonce of the page's one style and one script; null: the answer is no page, and nothing in it may do anything
 */
export function securityHeaders(nonce: string | null, extra: ExtraHeaders): Readonly<Record<string, string>> {
  // What an operator says in the old way counts in the new way, too, which would win over it in browsers.
  const ancestors = extra["X-Frame-Options"] === "sameorigin" ? "'self'" : "'none'";
  const policy = [
    "default-src 'none'",
    ...(nonce === null ? [] : pagePolicy(nonce)),
    "base-uri 'none'",
    `form-action ${nonce === null ? "'none'" : "'self'"}`,
    `frame-ancestors ${ancestors}`,
  ];
  return {
    "Content-Security-Policy": policy.join("; "),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
    // Not no-referrer: with it, browsers send the page's own requests with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    ...extra,
  };
}

function pagePolicy(nonce: string): readonly string[] {
  return [
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
  ];
}
