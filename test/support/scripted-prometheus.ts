import { createServer, type ServerResponse } from "node:http";

import { listen } from "./listen.ts";

export interface ScriptedPrometheus {
  readonly url: string;
  /** The queries it was asked, in order. */
  readonly queries: readonly string[];
}

/** Answers one query. */
export type Answer = (response: ServerResponse, query: string) => void;

/** A Prometheus that answers every query as the script says; gone with the test. */
export async function startScriptedPrometheus(answer: Answer): Promise<ScriptedPrometheus> {
  const queries: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://prometheus");
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      const query = url.searchParams.get("query") ?? new URLSearchParams(body).get("query") ?? "";
      queries.push(query);
      answer(response, query);
    });
  });
  return { url: await listen(server), queries };
}

/** A successful answer with these series. */
export function vectorOf(series: readonly Readonly<Record<string, string>>[], rest: object = {}): string {
  const result = series.map((metric) => ({ metric, value: [1_800_000_000, "1"] }));
  return JSON.stringify({ status: "success", data: { resultType: "vector", result }, ...rest });
}
