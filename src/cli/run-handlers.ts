import { renderApiReport, renderQueryProblem } from "../report/api.ts";
import { renderPage, type PageState } from "../report/page.ts";
import { parseReportQuery } from "../report/query.ts";
import type { ReloadResult } from "../service/reload.ts";
import type { Service } from "../service/service.ts";
import type { WebHandlers } from "../service/web/handlers.ts";
import type { BuildInfo, JanitorMetrics } from "../telemetry/metrics.ts";
import type { Io } from "./io.ts";

export interface HandlerParts {
  readonly service: Service;
  readonly metrics: JanitorMetrics;
  readonly reload: (why: string) => Promise<ReloadResult>;
  readonly build: BuildInfo;
  readonly io: Pick<Io, "clock" | "stop">;
}

/** What the web server shows of the service, and lets people ask of it. */
export function createWebHandlers({ service, metrics, reload, build, io }: HandlerParts): WebHandlers {
  return {
    metrics: async () => ({ contentType: metrics.contentType, body: await metrics.render() }),
    ready: () => !io.stop.aborted,
    reload: () => reload("asked for over HTTP"),
    sweep: () => sweepNow(service),
    configText: () => service.configText(),
    report(parameters) {
      const { known } = service.state();
      const query = parseReportQuery(parameters);
      if (!query.ok) return { status: 400, body: renderQueryProblem(query.problem) };
      if (known === null) {
        const message = "no gateway has been read yet";
        return { status: 503, body: `${JSON.stringify({ error: { code: "no_report", message } })}\n` };
      }
      return { status: 200, body: renderApiReport(known, query.query) };
    },
    page(parameters, { nonce }) {
      const query = parseReportQuery(parameters);
      const state = pageState(service, build.version, io.clock.now());
      return { status: query.ok ? 200 : 400, body: renderPage(state, query, nonce) };
    },
  };
}

function pageState(service: Service, version: string, now: number): PageState {
  const { config, known, ...state } = service.state();
  return {
    ...state,
    report: known,
    now,
    schedule: config.schedule,
    timezone: config.timezone,
    version,
  };
}

async function sweepNow(service: Service): Promise<{ ok: boolean; status: number; message: string }> {
  const result = await service.sweep();
  if (!result.ran) {
    const status = result.reason === "already_running" ? 409 : result.reason === "internal" ? 500 : 503;
    return { ok: false, status, message: `no sweep: ${result.reason}` };
  }
  if (service.state().gatewaysOfAllShards === 0)
    return { ok: false, status: 502, message: "no gateway is known: see the log" };
  const failed = result.report.gateways.filter(({ status }) => status !== "ok");
  const lines = result.report.gateways.map(
    ({ name, status, error }) => `${name}: ${error?.message ?? status}`,
  );
  return { ok: failed.length === 0, status: failed.length === 0 ? 200 : 502, message: lines.join("\n") };
}
