import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import type { PageState } from "../../src/report/html/page.ts";
import { securityHeaders } from "../../src/service/web/send-answer.ts";
import { parseReportQuery } from "../../src/report/query.ts";
import { renderQuery } from "./page-state.ts";
import { whole } from "./whole.ts";

export interface PageServer {
  readonly url: string;
  /** Every path that was asked for. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Serves the page as the service does, under the same Content-Security-Policy. */
export async function startPageServer(state: () => PageState): Promise<PageServer> {
  const requests: string[] = [];
  const nonce = "dGVzdC1ub25jZQ==";
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    const query = parseReportQuery(new URL(request.url ?? "/", "http://page").searchParams);
    response.writeHead(query.ok ? 200 : 400, {
      "content-type": "text/html; charset=utf-8",
      ...securityHeaders(nonce),
    });
    response.end(whole(renderQuery(state(), query, nonce)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
