import { gunzipSync, gzipSync } from "node:zlib";
import { renderApiMetrics } from "./api-json.ts";
import { decodeBytes, decodePath } from "./bytes.ts";
import { cleanPath } from "./clean-path.ts";
import { joinProblems } from "./consistency.ts";
import { escapingOf, renderExposition } from "./exposition.ts";
import type { Family } from "./family.ts";
import { parseGroupPath } from "./group-path.ts";
import { parseProtobuf } from "./protobuf.ts";
import { allFamilies, type Store } from "./store.ts";
import { parseTextFormat } from "./text-format.ts";

export interface Request {
  readonly method: string;
  /** As it came over the wire. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface Response {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface RouteOptions {
  readonly store: Store;
  /** Starts with a slash and does not end with one, or is empty. */
  readonly routePrefix: string;
  readonly checkConsistency: boolean;
  readonly utf8Names: boolean;
  /** The JSON of GET /api/v1/status. */
  readonly status: string;
  /** What it exposes about itself, beside what was pushed. */
  readonly ownFamilies: readonly Family[];
  readonly random: () => number;
}

const TEXT = { "Content-Type": "text/plain; charset=utf-8" };
const JSON_TYPE = {
  "Content-Type": "application/json",
  "Cache-Control": "no-cache, no-store, must-revalidate",
};

/** Answers a request as the Pushgateway would; `undefined` where it closes the connection without a response. */
export function answer(request: Request, options: RouteOptions): Response | undefined {
  const [rawPath = "", query] = request.target.split("?", 2);
  const path = decodePath(rawPath);
  if (path === undefined) return text(400, "400 Bad Request");
  const cleaned = cleanPath(path);
  if (cleaned !== path || path === `${options.routePrefix}/api/v1`) {
    const location = encodeURI((cleaned === path ? `${path}/` : cleaned).toWellFormed());
    return redirect(request.method, 301, query === undefined ? location : `${location}?${query}`);
  }

  if (!path.startsWith(`${options.routePrefix}/`)) return text(404, "404 page not found\n");
  const route = path.slice(options.routePrefix.length);
  if (PAGES.has(route)) {
    if (request.method === "GET") return page(route, request, options);
    return request.method === "OPTIONS" ? { status: 200 } : notAllowed("GET, OPTIONS");
  }
  const withoutSlash = route.replace(/\/$/, "");
  if (PAGES.has(withoutSlash)) {
    // The API is a router of its own, and does not know where it is mounted.
    const location = withoutSlash.startsWith("/api/")
      ? withoutSlash.slice("/api/v1".length)
      : path.slice(0, -1);
    return redirect(request.method, request.method === "GET" ? 301 : 307, location);
  }
  return changeGroup(route, request, options);
}

const PAGES = new Set(["/-/healthy", "/-/ready", "/metrics", "/api/v1/status", "/api/v1/metrics"]);

function page(
  route: string,
  request: Request,
  { store, status, ownFamilies, random }: RouteOptions,
): Response | undefined {
  if (route.startsWith("/-/")) return text(200, "OK");
  if (route === "/metrics") return metricsPage(store, ownFamilies, request);
  const body = route === "/api/v1/status" ? status : renderApiMetrics(store.groups(), random);
  return body === undefined ? undefined : { status: 200, headers: JSON_TYPE, body };
}

function metricsPage(store: Store, ownFamilies: readonly Family[], { headers }: Request): Response {
  const problems = store.inconsistencies();
  if (problems.length > 0) {
    return text(500, `An error has occurred while serving metrics:\n\n${joinProblems(problems)}\n`);
  }
  const escaping = escapingOf(headers["accept"]?.toString());
  const body = renderExposition([...allFamilies(store.groups()), ...ownFamilies], escaping);
  const type = { "Content-Type": `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}` };
  if (!/\bgzip\b/.test(headers["accept-encoding"]?.toString() ?? ""))
    return { status: 200, headers: type, body };
  return { status: 200, headers: { ...type, "Content-Encoding": "gzip" }, body: gzipSync(body) };
}

function changeGroup(route: string, request: Request, options: RouteOptions): Response {
  const group = route.startsWith("/metrics/")
    ? parseGroupPath(route.slice("/metrics".length), options.utf8Names)
    : undefined;
  if (group === undefined) return text(404, "404 page not found\n");
  if (!["PUT", "POST", "DELETE"].includes(request.method)) return notAllowed("DELETE, OPTIONS, POST, PUT");
  if ("error" in group) return text(400, `${group.error}\n`);
  if (request.method === "DELETE") {
    options.store.delete(group.labels);
    return { status: 202 };
  }

  const parsed = parseBody(request, options.utf8Names);
  if ("error" in parsed) return text(400, `${parsed.error}\n`);
  const refusal = options.store.push(group.labels, parsed.families, request.method === "PUT");
  if (refusal !== undefined) {
    return text(400, `pushed metrics are invalid or inconsistent with existing metrics: ${refusal}\n`);
  }
  return { status: options.checkConsistency ? 200 : 202 };
}

function parseBody({ headers, body }: Request, utf8Names: boolean) {
  let content = body;
  try {
    if (headers["content-encoding"] === "gzip") content = gunzipSync(body);
  } catch {
    return { error: "gzip: invalid header" };
  }
  const type = headers["content-type"]?.toString() ?? "";
  const protobuf = type.startsWith("application/vnd.google.protobuf") && type.includes("encoding=delimited");
  return protobuf ? parseProtobuf(content) : parseTextFormat(decodeBytes(content), utf8Names);
}

function text(status: number, body: string): Response {
  return { status, headers: TEXT, body };
}

function notAllowed(allow: string): Response {
  return { status: 405, headers: { ...TEXT, Allow: allow }, body: "Method Not Allowed\n" };
}

function redirect(method: string, status: number, location: string): Response {
  const page = { "Content-Type": "text/html; charset=utf-8" };
  if (method !== "GET") return { status, headers: { Location: location } };
  return {
    status,
    headers: { ...page, Location: location },
    body: `<a href="${location}">Moved Permanently</a>.\n\n`,
  };
}
