import { z } from "zod";

import type { NumberRange } from "../core/limits.ts";

/**
 * The kinds of values that the schema is made of. The `error` of a schema completes "expected …".
 */

export const text = (expected: string) => z.string({ error: expected }).min(1, { error: expected });
export const duration = (expected = "a duration like 30d") =>
  text(expected).meta({
    pattern: "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
  });
export const flag = () => z.boolean({ error: "true or false" });
export const numberIn = ({ min, max, whole, expected }: NumberRange) =>
  (whole ? z.int({ error: expected }) : z.number({ error: expected }))
    .min(min, { error: expected })
    .max(max, { error: expected });
export const wholeNumber = (min: number, max: number, expected: string) =>
  numberIn({ min, max, whole: true, expected });
export const positiveCount = () => wholeNumber(1, Number.MAX_SAFE_INTEGER, "a whole number of at least 1");
export const list = <T extends z.ZodType>(item: T, expected: string) => z.array(item, { error: expected });
export const choice = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `one of ${values.join(", ")}` });
export const section = <T extends z.core.$ZodLooseShape>(shape: T) =>
  z.strictObject(shape, { error: `a mapping with keys like ${Object.keys(shape).slice(0, 3).join(", ")}` });
export const file = () => text("the path of a file");
