import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderJsonSchema } from "../support/json-schema.ts";
import { ruleTestsSchema } from "../../src/rule-tests/rule-test-file.ts";

const folder = new URL("../../config/", import.meta.url);

const schemas: readonly [example: string, schema: string, text: string][] = [
  ["janitor.yml", "janitor.schema.json", renderJsonSchema()],
  [
    "janitor.test.yml",
    "janitor.test.schema.json",
    renderJsonSchema(ruleTestsSchema, "pushgateway-janitor rule tests"),
  ],
];

// `npx vitest run test/config/schema.test.ts -u` writes them anew.
test.each(schemas)("the JSON Schema of config/%s is what the schema generates", async (_, name, text) => {
  await expect(text).toMatchFileSnapshot(new URL(name, folder).pathname);
});

test.each(schemas)("every key of %s has a description for editors", (_, __, text) => {
  const bare: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    const { properties = {}, items, additionalProperties } = schema as Record<string, unknown>;
    for (const [key, value] of Object.entries(properties as Record<string, { description?: string }>)) {
      if (value.description === undefined) bare.push(`${path}.${key}`);
      visit(value, `${path}.${key}`);
    }
    visit(items, `${path}[]`);
    visit(additionalProperties, `${path}.*`);
  };
  visit(JSON.parse(text), "");
  expect(bare).toStrictEqual([]);
});

test.each(schemas)("config/%s names its schema for editors", (example, name) => {
  const [firstLine] = readFileSync(new URL(example, folder), "utf8").split("\n");
  expect(firstLine).toBe(`# yaml-language-server: $schema=./${name}`);
});
