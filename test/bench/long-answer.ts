const groups = 1000;
const families = 10;
/** About what one series takes. */
const bytesPerSeries = 100;

/** Stands for the number of the group, and is as long. */
const marker = "000000";

/**
 * A valid answer of `GET /api/v1/metrics` of 1,000 groups with thousands of series each, one group a piece. Longer than a
 * JavaScript string can be, if told; at no time is there more of it than one group.
 * @param minBytes at least so long in all
 * @param now Unix seconds of all pushes
 */
export function* longAnswer(minBytes: number, now: number): Generator<Uint8Array> {
  const template = Buffer.from(renderGroup(Math.ceil(minBytes / groups), now));
  const places = findAll(template, `host-${marker}`).map((place) => place + "host-".length);
  yield Buffer.from('{"status":"success","data":[');
  for (let index = 0; index < groups; index += 1) {
    const group = Buffer.from(template);
    const digits = Buffer.from(String(index).padStart(marker.length, "0"));
    for (const place of places) digits.copy(group, place);
    if (index > 0) yield Buffer.from(",");
    yield group;
  }
  yield Buffer.from("]}");
}

/** As the gateway writes it: families by name, and among them, in their order, the key and the outcome of the last push. */
function renderGroup(minBytes: number, now: number): string {
  const labels = { instance: `host-${marker}`, job: "long" };
  const stampedAt = new Date(now * 1000).toISOString();
  const seriesPerFamily = Math.ceil(minBytes / families / bytesPerSeries);
  const gauge = (help: string, value: string): object => ({
    time_stamp: stampedAt,
    type: "GAUGE",
    help,
    metrics: [{ labels, value }],
  });
  const metrics = Array.from({ length: families }, (_, family) => [
    `app_metric_${family}_total`,
    {
      time_stamp: stampedAt,
      type: "COUNTER",
      help: "An application's counter.",
      metrics: Array.from({ length: seriesPerFamily }, (__, series) => ({
        labels: { ...labels, path: `/orders/${series}/items`, status: "200" },
        value: String(series * 1.5),
      })),
    },
  ]);
  return JSON.stringify({
    ...Object.fromEntries(metrics),
    labels,
    last_push_successful: true,
    push_failure_time_seconds: gauge("When it last failed.", "0"),
    push_time_seconds: gauge("When it last succeeded.", `${now / 1e9}e+09`),
  });
}

function findAll(bytes: Buffer, text: string): readonly number[] {
  const places: number[] = [];
  for (let place = bytes.indexOf(text); place >= 0; place = bytes.indexOf(text, place + 1))
    places.push(place);
  return places;
}
