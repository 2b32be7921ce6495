import { renderJsonSchema } from "../support/json-schema.ts";

export interface DocumentedKey {
  /** For example `rules[].keep_latest.count`. */
  readonly path: string;
  readonly description: string;
  readonly default: unknown;
  readonly values: readonly unknown[] | undefined;
  /** Keys below it that are the same below another one, which is named. */
  readonly like: string | null;
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

/** Every key of janitor.yml, in the order of its schema. */
export function listKeys(): readonly DocumentedKey[] {
  const keys: DocumentedKey[] = [];
  const seen = new Map<string, string>();
  const visit = (schema: Schema | boolean | undefined, path: string): void => {
    if (typeof schema !== "object") return;
    for (const [name, child] of Object.entries(schema.properties ?? {})) {
      const own = path === "" ? name : `${path}.${name}`;
      const shape = JSON.stringify(child);
      const like = hasKeys(child) ? (seen.get(shape) ?? null) : null;
      keys.push({
        path: own,
        description: child.description ?? "",
        default: child.default,
        values: child.enum,
        like,
      });
      if (like !== null) continue;
      seen.set(shape, own);
      visit(child, own);
    }
    visit(schema.items, `${path}[]`);
    visit(schema.additionalProperties, `${path}.*`);
  };
  visit(JSON.parse(renderJsonSchema()) as Schema, "");
  return keys;
}

function hasKeys({ properties, items, additionalProperties }: Schema): boolean {
  return [properties, items?.properties, additionalProperties].some((one) => typeof one === "object");
}
