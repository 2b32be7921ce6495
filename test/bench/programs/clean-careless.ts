// What a cleaner does that takes no care: reads all groups once, and sends a DELETE for every expired one at once: URL TTL_SECONDS.
import { Pool } from "undici";

interface Group {
  readonly labels: Readonly<Record<string, string>>;
  readonly push_time_seconds: { readonly metrics: readonly { readonly value: string }[] };
}

const [url = "", ttlSeconds = ""] = process.argv.slice(2);
const pool = new Pool(url, { connections: 64 });
const answer = await pool.request({ method: "GET", path: "/api/v1/metrics" });
const { data } = (await answer.body.json()) as { readonly data: readonly Group[] };
const expiredBefore = Date.now() / 1000 - Number(ttlSeconds);
await Promise.all(
  data
    .filter(({ push_time_seconds: pushed }) => Number(pushed.metrics[0]?.value) < expiredBefore)
    .map(async ({ labels: { job = "", ...others } }) => {
      const path = ["/metrics/job", job, ...Object.entries(others).flat()].join("/");
      const { statusCode, body } = await pool.request({ method: "DELETE", path });
      await body.dump();
      if (statusCode !== 202) throw new Error(`DELETE ${path}: ${statusCode}`);
    }),
);
await pool.close();
