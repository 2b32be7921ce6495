import type { Kind } from "../../src/config/file/kinds.ts";
import { janitorYml } from "../../src/config/janitor-yml.ts";

/** JSON Schema of a kind of file, for editors; draft-07 is what yaml-language-server knows best. */
export function renderJsonSchema(
  { schema }: Kind<unknown> = janitorYml,
  title = "pushgateway-janitor configuration",
): string {
  const head = { title, $schema: "http://json-schema.org/draft-07/schema#" };
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`;
}
