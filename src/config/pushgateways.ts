import type { PushgatewaySettings } from "./config.ts";
import type { Cursor } from "./cursor.ts";
import { decodeHttpSettings } from "./http-settings.ts";
import { checkUnique, decodeName, decodeTimeout } from "./scalars.ts";
import type { ConfigInput } from "./schema.ts";
import type { Draft } from "./shape.ts";
import { has } from "./sources.ts";
import { doubtGatewayUrl, parseServerUrl } from "./url.ts";

type GatewayDraft = Draft<ConfigInput["pushgateways"][number]>;

export function decodePushgateways(
  drafts: Draft<ConfigInput>["pushgateways"],
  at: Cursor,
  hasArchive: boolean,
): readonly PushgatewaySettings[] {
  const gateways = (drafts ?? []).map((draft = {}, index) =>
    decodePushgateway(draft, at.to(index), hasArchive),
  );
  checkUnique(
    gateways.map(({ name }) => name),
    (line) => `this name belongs to the Pushgateway on line ${line}`,
    (index) => at.to(index, "name"),
  );
  checkUnique(
    gateways.map(({ url }) => url),
    (line) => `this Pushgateway is listed already, on line ${line}: two sweeps would get in each other's way`,
    (index) => at.to(index, "url"),
  );
  return gateways;
}

function decodePushgateway(draft: GatewayDraft, at: Cursor, hasArchive: boolean): PushgatewaySettings {
  const url = draft.url === undefined ? "" : at.to("url").parse(draft.url, parseServerUrl, "");
  const doubt = doubtGatewayUrl(url);
  if (doubt !== null) at.to("url").warn(doubt);
  if (draft.source === "exposition" && hasArchive) {
    at.to("source").warn(
      "what is deleted here is not archived: /metrics does not show which metrics a group has",
    );
  }
  return {
    name: decodeName(draft.name, at.to("name")),
    url,
    source: draft.source ?? "api",
    timeoutSeconds: decodeTimeout(has(draft, "timeout") ? draft.timeout : "60s", at.to("timeout")),
    http: decodeHttpSettings(draft, at),
  };
}
