import { renderApiReport, renderQueryProblem } from "../../report/json-report.ts";
import { renderPage, type PageState } from "../../report/html/page.ts";
import { parseReportQuery, type QueryProblem } from "../../report/query.ts";
import { selectGroups } from "../../report/select.ts";
import type { ReloadResult } from "../reload.ts";
import type { Service } from "../service.ts";
import { createFilters } from "./label-filter.ts";
import type { HandlerAnswer, WebHandlers } from "./routes.ts";
import type { BuildInfo, JanitorMetrics } from "../../telemetry/metrics.ts";

export interface HandlerParts {
  readonly service: Service;
  readonly metrics: JanitorMetrics;
  readonly reload: (why: string) => Promise<ReloadResult>;
  readonly build: BuildInfo;
  /** Unix seconds of the local clock. */
  readonly now: () => number;
  /** Aborted once the process has been asked to end. */
  readonly stop: AbortSignal;
}

/** Shows the service to the web server's clients, and passes on what they ask for. */
export function createWebHandlers({ service, metrics, reload, build, now, stop }: HandlerParts): WebHandlers {
  const prepareFilter = createFilters();
  let rendering: Promise<string> | null = null;

  return {
    metrics: async () => {
      rendering ??= metrics.render().finally(() => (rendering = null));
      return { contentType: metrics.contentType, body: await rendering };
    },
    ready: () => !stop.aborted,
    reload: () => reload("asked for over HTTP"),
    sweep: () => sweepNow(service),
    configText: () => service.configText(),
    async report(parameters, client) {
      const { known } = service.state();
      const query = parseReportQuery(parameters);
      if (!query.ok) return refuse(query.problem, renderQueryProblem(query.problem));
      if (known === null) {
        const message = "no gateway has been read yet";
        return { status: 503, body: `${JSON.stringify({ error: { code: "no_report", message } })}\n` };
      }
      const filter = await prepareFilter(known, query.query, client);
      if (typeof filter !== "function") return refuse(filter, renderQueryProblem(filter));
      const select = () => selectGroups(known, query.query, filter);
      return { status: 200, body: later(() => renderApiReport(known, query.query, select())) };
    },
    async page(parameters, client, nonce) {
      const result = parseReportQuery(parameters);
      const { query } = result;
      const state = pageState(service, build.version, now());
      const { report } = state;
      const render = (selected: Parameters<typeof renderPage>[2]) =>
        renderPage(state, query, selected, nonce);
      if (!result.ok)
        return refuse(
          result.problem,
          later(() => render(result.problem)),
        );
      if (report === null) return { status: 200, body: later(() => render(null)) };
      const filter = await prepareFilter(report, query, client);
      if (typeof filter !== "function")
        return refuse(
          filter,
          later(() => render(filter)),
        );
      return { status: 200, body: later(() => render(selectGroups(report, query, filter))) };
    },
  };
}

function refuse({ code }: QueryProblem, body: HandlerAnswer["body"]): HandlerAnswer {
  return { status: code === "bad_query" ? 400 : 503, body };
}

/** Starts to render with the first part. */
function* later(render: () => Iterable<string>): Generator<string> {
  yield* render();
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

async function sweepNow(service: Service): Promise<{ status: number; message: string }> {
  const result = await service.sweep();
  if (!result.ran) {
    const status = result.reason === "already_running" ? 409 : result.reason === "internal" ? 500 : 503;
    return { status, message: `no sweep: ${result.reason}` };
  }
  if (service.state().gatewaysOfAllShards === 0)
    return { status: 502, message: "no gateway is known: see the log" };
  const failed = result.report.gateways.filter(({ status }) => status !== "ok");
  const lines = result.report.gateways.map(
    ({ name, status, error }) => `${name}: ${error?.message ?? status}`,
  );
  return { status: failed.length === 0 ? 200 : 502, message: lines.join("\n") };
}
