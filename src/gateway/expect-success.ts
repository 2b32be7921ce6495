import type { IncomingHttpHeaders } from "node:http";

import { GatewayError } from "./gateway-error.ts";

/**
 * @throws {@link GatewayError} unless the status is one of the 200s, with what the answer says about itself
 */
export function expectSuccess(
  request: { method: string; url: string },
  response: { status: number; headers: IncomingHttpHeaders; text: string },
): void {
  const { status, headers, text } = response;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) {
    throw new GatewayError(
      "redirect",
      request,
      `HTTP ${status}, a redirect to ${headers.location ?? "nowhere"}, which is never followed: set the url that answers itself`,
    );
  }
  const hint =
    status === 404
      ? " (is the route prefix part of the url?)"
      : status === 401 || status === 403
        ? " (are the credentials right?)"
        : "";
  const what = `HTTP ${status}${excerpt(text)}${hint}`;
  throw new GatewayError("http_status", request, what, undefined, status);
}

/** The first words of an answer, fit for one line of a log. */
function excerpt(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  if (line === "") return "";
  return `: ${line.length > 200 ? `${line.slice(0, 200)}…` : line}`;
}
