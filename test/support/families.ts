import { createFamilies } from "../../src/telemetry/families.ts";

export interface DeclaredFamily {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
}

/** Every metric of the janitor as the code declares it, by its name without the prefix of all names. */
export function declaredFamilies(): ReadonlyMap<string, DeclaredFamily> {
  const families = new Map<string, DeclaredFamily>();
  const declare =
    (type: DeclaredFamily["type"]) =>
    (name: string, help: string, labels: readonly string[]): never => {
      families.set(name, { type, help, labels });
      return {} as never;
    };
  const registry: Record<keyof Parameters<typeof createFamilies>[0], unknown> = {
    counter: declare("counter"),
    gauge: declare("gauge"),
    histogram: declare("histogram"),
  };
  createFamilies(registry as unknown as Parameters<typeof createFamilies>[0]);
  return families;
}
