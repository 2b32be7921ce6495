import { explainStatus, urlAfterRedirect } from "../http/status-causes.ts";
import type { WholeResponse } from "./client.ts";
import { GatewayError } from "./gateway-error.ts";

/**
 * @throws {@link GatewayError} unless the status is one of the 200s, with what the answer says about itself
 */
export function expectSuccess(
  request: { readonly method: string; readonly url: string },
  response: WholeResponse,
): void {
  const { status, headers, approach, text } = response;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) {
    throw new GatewayError("redirect", request, describeRedirect(status, request.url, headers.location));
  }
  const advice = explainStatus(response, approach);
  // It may be the proxy that speaks.
  const through = approach.proxy === null ? "" : ` (through the proxy ${approach.proxy})`;
  const what = `HTTP ${status}${excerpt(text)}${advice === null ? "" : `: ${advice}`}${through}`;
  throw new GatewayError("http_status", request, what, undefined, status);
}

function describeRedirect(status: number, requestUrl: string, location: string | undefined): string {
  const url = urlAfterRedirect(requestUrl, location);
  const remedy =
    url === null
      ? "this may be a login; the url must be one that answers itself"
      : `if that is the same gateway, set url: ${url}`;
  return `HTTP ${status}, a redirect to ${displayLocation(location)}, which is never followed: ${remedy}`;
}

/** Without what may hold a login. */
function displayLocation(location: string | undefined): string {
  return location === undefined
    ? "nowhere"
    : location.replace(/^([^/]*\/\/)[^/]*@/, "$1").replace(/[?#].*$/s, "");
}

/** The first words of an answer, fit for one line of a log. */
function excerpt(text: string): string {
  // Of a web page, the words that a reader sees.
  const words = /^\s*<(\?xml|!doctype|html)\b/i.test(text)
    ? text.replaceAll(/<(head|script|style)\b[^]*?<\/\1>|<[^>]*>/gi, " ")
    : text;
  const line = words.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  if (line === "") return "";
  return `: ${line.length > 200 ? `${line.slice(0, 200)}…` : line}`;
}
