import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpRequest {
  readonly method?: string;
  /** Appended to the path of the URL and sent as it is: no `..` is folded, nothing is escaped. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly timeoutMs?: number;
}

/** One request on a connection of its own: a gateway that is killed and restarted leaves no dead socket behind. */
export function send(url: string, { method = "GET", path, headers, body, timeoutMs = 20_000 }: HttpRequest) {
  const { hostname, port, pathname } = new URL(url);
  const options = {
    hostname,
    port,
    method,
    path: `${pathname.replace(/\/$/, "")}${path}`,
    headers,
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise<HttpResponse>((resolve, reject) => {
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** The body of a GET, which must answer 200. */
export async function getText(url: string, path: string): Promise<string> {
  const { status, body } = await send(url, { path });
  if (status !== 200) throw new Error(`GET ${url}${path}: status ${status}: ${body.slice(0, 300)}`);
  return body;
}

/** The parsed body of a GET, which must answer 200. The caller says which shape it expects. */
export async function getJson<T = unknown>(url: string, path: string): Promise<T> {
  return JSON.parse(await getText(url, path)) as T;
}

/** What was asked for, without the query by which the janitor's reads pass caches. */
export function pathOf({ url = "" }: IncomingMessage): string {
  return url.replace(/\?nocache=.*$/, "");
}

/** Whether this is the path of the janitor's DELETE of nothing, which comes before the first real one. */
export function isProbe(path: string): boolean {
  return path.includes("/job/pushgateway_janitor_probe_");
}
