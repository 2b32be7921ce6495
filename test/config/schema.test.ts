import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { renderJsonSchema } from "../../src/config/schema.ts";

const folder = new URL("../../config/", import.meta.url);

// `npx vitest run test/config/schema.test.ts -u` writes it anew.
test("config/janitor.schema.json is what the schema generates", async () => {
  await expect(renderJsonSchema()).toMatchFileSnapshot(new URL("janitor.schema.json", folder).pathname);
});

test("every key of the JSON Schema has a description", () => {
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
  visit(JSON.parse(renderJsonSchema()), "");
  expect(bare).toStrictEqual([]);
});

test("the example tells editors where its schema is", () => {
  const [firstLine] = readFileSync(new URL("janitor.yml", folder), "utf8").split("\n");
  expect(firstLine).toBe("# yaml-language-server: $schema=./janitor.schema.json");
});
