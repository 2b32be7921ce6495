import { z } from "zod";

/**
 * What this dashboard uses of Grafana's own schema of dashboards (its kind `dashboard`, `panelcfg` of each panel, version 11), and
 * nothing else: Grafana ignores a field that it does not know, so a misspelt one would do nothing without a word.
 */
const threshold = z.strictObject({ color: z.string(), value: z.number().nullable() });
const thresholds = z.strictObject({
  mode: z.enum(["absolute", "percentage"]),
  steps: z.array(threshold).min(1),
});
const mapped = z.strictObject({ text: z.string(), color: z.string().optional() });
const mapping = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("value"), options: z.record(z.string(), mapped) }),
  z.strictObject({
    type: z.literal("special"),
    options: z.strictObject({ match: z.enum(["null", "nan", "null+nan", "empty"]), result: mapped }),
  }),
]);
const datasource = z.strictObject({ type: z.literal("prometheus"), uid: z.literal("${datasource}") });
const gridPos = z.strictObject({
  x: z.int().min(0),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
});

const graphField = z.strictObject({
  drawStyle: z.enum(["line", "bars", "points"]).optional(),
  fillOpacity: z.number().min(0).max(100),
  showPoints: z.enum(["auto", "never", "always"]),
  stacking: z.strictObject({ mode: z.enum(["none", "normal", "percent"]), group: z.string() }).optional(),
  thresholdsStyle: z.strictObject({ mode: z.enum(["off", "line", "dashed", "area"]) }).optional(),
});
const field = {
  unit: z.enum(["short", "s", "bytes", "dateTimeFromNow"]).optional(),
  decimals: z.int().optional(),
  noValue: z.string().optional(),
  mappings: z.array(mapping).optional(),
  thresholds: thresholds.optional(),
};
const override = z.strictObject({
  matcher: z.strictObject({ id: z.literal("byName"), options: z.string() }),
  properties: z.array(
    z.strictObject({
      id: z.enum(["color", "unit", "thresholds", "custom.cellOptions", "links"]),
      value: z.unknown(),
    }),
  ),
});
const fieldConfig = <C extends z.ZodType>(custom: C) =>
  z.strictObject({ defaults: z.strictObject({ ...field, custom }), overrides: z.array(override) });

const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  expr: z.string().min(1),
  legendFormat: z.string().optional(),
  instant: z.literal(true).optional(),
  format: z.literal("table").optional(),
});
const transformation = z.discriminatedUnion("id", [
  z.strictObject({ id: z.literal("merge"), options: z.strictObject({}) }),
  z.strictObject({
    id: z.literal("organize"),
    options: z.strictObject({
      excludeByName: z.record(z.string(), z.boolean()),
      indexByName: z.record(z.string(), z.int()).optional(),
      renameByName: z.record(z.string(), z.string()),
    }),
  }),
]);
const panel = {
  id: z.int().positive(),
  title: z.string().min(1),
  description: z.string().min(1),
  gridPos,
  datasource,
  targets: z.array(target).min(1),
  interval: z.string().optional(),
  transformations: z.array(transformation).optional(),
};
const legend = z.strictObject({
  displayMode: z.enum(["list", "table", "hidden"]),
  placement: z.enum(["bottom", "right"]),
  showLegend: z.boolean(),
  calcs: z.array(z.string()),
});

const queryPanel = z.discriminatedUnion("type", [
  z.strictObject({
    ...panel,
    type: z.literal("stat"),
    fieldConfig: fieldConfig(z.undefined().optional()),
    options: z.strictObject({
      colorMode: z.enum(["none", "value", "background", "background_solid"]),
      graphMode: z.enum(["none", "line", "area"]),
      reduceOptions: z.strictObject({ calcs: z.array(z.string()), fields: z.string(), values: z.boolean() }),
    }),
  }),
  z.strictObject({
    ...panel,
    type: z.literal("timeseries"),
    fieldConfig: fieldConfig(graphField),
    options: z.strictObject({
      legend,
      tooltip: z.strictObject({
        mode: z.enum(["single", "multi", "none"]),
        sort: z.enum(["none", "asc", "desc"]),
      }),
    }),
  }),
  z.strictObject({
    ...panel,
    type: z.literal("table"),
    fieldConfig: fieldConfig(z.undefined().optional()),
    options: z.strictObject({
      showHeader: z.boolean(),
      frameIndex: z.int(),
      sortBy: z.array(z.strictObject({ displayName: z.string(), desc: z.boolean() })).optional(),
    }),
  }),
]);
const row = z.strictObject({
  id: z.int().positive(),
  type: z.literal("row"),
  title: z.string().min(1),
  collapsed: z.literal(false),
  gridPos: gridPos.extend({ x: z.literal(0), w: z.literal(24), h: z.literal(1) }),
  panels: z.tuple([]),
});

const variable = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("datasource"),
    name: z.literal("datasource"),
    label: z.string(),
    query: z.literal("prometheus"),
    refresh: z.int().min(0).max(2),
  }),
  z.strictObject({
    type: z.literal("query"),
    name: z.string(),
    label: z.string(),
    datasource,
    definition: z.string(),
    query: z.strictObject({ qryType: z.literal(1), query: z.string(), refId: z.string() }),
    refresh: z.int().min(0).max(2),
    sort: z.int().min(0).max(8),
    multi: z.boolean(),
    includeAll: z.boolean(),
    allValue: z.literal(".*").optional(),
    current: z.strictObject({ text: z.array(z.string()), value: z.array(z.string()) }),
  }),
]);
const annotation = z.strictObject({
  name: z.string(),
  datasource,
  enable: z.boolean(),
  iconColor: z.string(),
  expr: z.string(),
  useValueForTime: z.enum(["on", "off"]),
  titleFormat: z.string(),
});

const link = z.strictObject({
  title: z.string(),
  type: z.literal("link"),
  icon: z.literal("doc"),
  url: z.string(),
  tooltip: z.string(),
  tags: z.array(z.string()),
  asDropdown: z.literal(false),
  includeVars: z.boolean(),
  keepTime: z.boolean(),
  targetBlank: z.boolean(),
});

export const dashboardSchema = z.strictObject({
  // Fixed, so that a link to it holds and provisioning it again replaces it. `id` is a database's own and may not be here.
  uid: z.literal("pushgateway-janitor"),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  links: z.array(link),
  schemaVersion: z.int().min(36).max(41),
  version: z.int(),
  editable: z.boolean(),
  graphTooltip: z.int().min(0).max(2),
  refresh: z.string().regex(/^\d+[smh]$/),
  time: z.strictObject({ from: z.string(), to: z.literal("now") }),
  timezone: z.literal(""),
  templating: z.strictObject({ list: z.array(variable) }),
  annotations: z.strictObject({ list: z.array(annotation) }),
  panels: z.array(z.discriminatedUnion("type", [queryPanel, row])),
});

export type Dashboard = z.infer<typeof dashboardSchema>;
