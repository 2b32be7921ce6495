import type { Labels } from "../../core/labels.ts";
import type { SweepReport } from "../../core/report.ts";
import { renderPage, type PageState } from "../../report/html/page.ts";
import { renderApiReport, renderQueryProblem } from "../../report/json-report.ts";
import { parseReportQuery, type QueryProblem, type QueryResult } from "../../report/query.ts";
import { selectGroups, type SelectedGroups } from "../../report/select.ts";
import type { BuildInfo, JanitorMetrics } from "../../telemetry/metrics.ts";
import type { ReloadResult } from "../reload.ts";
import type { Service } from "../service.ts";
import { createFilters } from "./label-filter.ts";
import type { WebHandlers } from "./routes.ts";

/** Renders the command that puts back a group that was deleted from this gateway. */
type CommandToRestore = (gateway: string, labels: Labels) => string;

interface HandlerParts {
  readonly service: Service;
  readonly metrics: JanitorMetrics;
  readonly reload: (why: string) => Promise<ReloadResult>;
  readonly build: BuildInfo;
  readonly commandToRestore: CommandToRestore;
  /** Unix seconds of the local clock. */
  readonly now: () => number;
  /** Aborted once the process has been asked to end. */
  readonly stop: AbortSignal;
}

/** Shows the service to the web server's clients, and passes on what they ask for. */
export function createWebHandlers(parts: HandlerParts): WebHandlers {
  const { service, metrics, reload, stop } = parts;
  const prepareFilter = createFilters();
  let rendering: Promise<string> | null = null;

  return {
    metrics: async () => {
      rendering ??= metrics.render().finally(() => (rendering = null));
      return { contentType: metrics.contentType, body: await rendering };
    },
    ready: () => !stop.aborted && !service.waits,
    reload: () => reload("asked for over HTTP"),
    sweep: () => sweepNow(service),
    configText: () => service.configText(),
    async report(parameters, client) {
      const { known } = service.state();
      const result = parseReportQuery(parameters);
      const selected = await select(known, result, client);
      if (isProblem(selected)) return { status: statusOf(selected), body: renderQueryProblem(selected) };
      if (known === null || selected === null) {
        const message = "no gateway has been read yet";
        return { status: 503, body: `${JSON.stringify({ error: { code: "no_report", message } })}\n` };
      }
      return { status: 200, body: later(() => renderApiReport(known, result.query, selected())) };
    },
    async page(parameters, client, nonce) {
      const state = pageState(parts);
      const result = parseReportQuery(parameters);
      const selected = await select(state.report, result, client);
      const render = () =>
        renderPage(state, result.query, typeof selected === "function" ? selected() : selected, nonce);
      return { status: isProblem(selected) ? statusOf(selected) : 200, body: later(render) };
    },
  };

  /** The groups that a query selects, or why they cannot be; null: no gateway has been read yet. */
  async function select(known: SweepReport | null, result: QueryResult, client: string): Promise<Selecting> {
    if (!result.ok) return result.problem;
    if (known === null) return null;
    const { query } = result;
    const filter = await prepareFilter(known, query, client);
    return typeof filter === "function" ? () => selectGroups(known, query, filter) : filter;
  }
}

type Selecting = (() => SelectedGroups) | QueryProblem | null;

function isProblem(selected: Selecting): selected is QueryProblem {
  return selected !== null && typeof selected !== "function";
}

function statusOf({ code }: QueryProblem): number {
  return code === "bad_query" ? 400 : 503;
}

/** Starts to render with the first part. */
function* later(render: () => Iterable<string>): Generator<string> {
  yield* render();
}

function pageState({ service, build, commandToRestore, now }: HandlerParts): PageState {
  const { config, known, ...state } = service.state();
  const unarchived = new Set(
    state.gateways.flatMap(({ name, source }) =>
      config.archive === null || source === "exposition" ? [name] : [],
    ),
  );
  return {
    ...state,
    report: known,
    restoreCommand: ({ gateway, labels }) =>
      unarchived.has(gateway) ? null : commandToRestore(gateway, labels),
    now: now(),
    schedule: config.schedule,
    timezone: config.timezone,
    rules: config.rules,
    version: build.version,
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
