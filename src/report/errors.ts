import { groupBy } from "../core/group-by.ts";
import type { GatewayReport } from "../core/report.ts";
import { showText } from "./text.ts";

/** Why sweeps failed or were withheld. Errors that differ only in addresses are one line, which names all of their gateways. */
export function renderErrors(gateways: readonly GatewayReport[]): readonly string[] {
  const failed = gateways.flatMap(({ name, url, status, error }) =>
    error === null ? [] : [{ name, url, what: `${status}: ${error.message}` }],
  );
  return [...groupBy(failed, withoutAddresses)].map(([shared, same]) => {
    const names = same.map(({ name }) => name).join(", ");
    return showText(
      same.length === 1 ? `${names}: ${same[0]?.what}` : `${same.length} gateways ${shared} (${names})`,
    );
  });
}

function withoutAddresses({ what, url }: { readonly what: string; readonly url: string }): string {
  const host = /^https?:\/\/([^/:]+)/.exec(url)?.[1] ?? url;
  return what
    .replaceAll(url, "…")
    .replaceAll(/[\da-f.:]+:\d+(?!\w)/gi, "…")
    .replaceAll(host, "…");
}
