import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createRedact } from "../../src/http/redact.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const base64url = (text: string): string => Buffer.from(text).toString("base64url");
const html = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const form = (text: string): string => new URLSearchParams([["x", text]]).toString().slice(2);

const secret = `s3cret: "pä<ss>" & wörd's\\/+%41`;

describe("a secret that a server repeats is struck out", () => {
  it.each<[string, string]>([
    ["plain", secret],
    ["in base64", base64(secret)],
    ["in base64 for URLs", base64url(secret)],
    ["as a part of a URL", encodeURIComponent(secret)],
    ["as a field of a form", form(secret)],
    ["in JSON", json(secret)],
    ["in HTML", html(secret)],
    ["in JSON in HTML", html(json(secret))],
    ["in a URL in a URL in JSON", json(encodeURIComponent(encodeURIComponent(secret)))],
    ["in base64 in a URL", encodeURIComponent(base64(secret))],
    [
      "in Latin-1, escaped for URLs",
      encodeURIComponent(secret).replace("%C3%A4", "%E4").replace("%C3%B6", "%F6"),
    ],
    [
      "as a part of a URL, in lower case",
      encodeURIComponent(secret).replaceAll(/%../g, (one) => one.toLowerCase()),
    ],
    ["as a URL", encodeURI(secret)],
    [
      "as Python's quote() writes it",
      encodeURIComponent(secret).replaceAll("%2F", "/").replaceAll("'", "%27"),
    ],
    [
      "as Go's PathEscape() writes it",
      encodeURIComponent(secret)
        .replaceAll(/%(?:24|26|2B|3A|3D|40)/g, decodeURIComponent)
        .replaceAll("'", "%27"),
    ],
    [
      "in JSON as Python writes it",
      json(secret)
        .replaceAll("ä", String.raw`\u00e4`)
        .replaceAll("ö", String.raw`\u00f6`),
    ],
    ["in HTML as Python writes it", html(secret).replaceAll("'", "&#x27;")],
    ["in Latin-1 that is read as UTF-8", Buffer.from(secret, "latin1").toString("utf8")],
    ["in UTF-8 that is read as Latin-1", Buffer.from(secret).toString("latin1")],
  ])("%s", (_, spelling) => {
    const redact = createRedact(["", "other", secret]);
    expect(redact(`{"authorization": "${spelling}"} 100%`)).toMatch(/^\{"authorization": "<secret>"\} 100%$/);
  });

  it.each([1, 2, 3])("as a part of a longer text in base64, after %i other bytes", (length) => {
    const whole = base64(`${"x".repeat(length)}${secret}yyy`);
    const struck = createRedact([secret])(whole);
    // What is left of it are a few bits at each end.
    expect(struck).toMatch(/^.{2,4}<secret>.{4,6}=*$/);
  });

  it.each([
    ["the end of a text", (start: string) => `body: ${start}`],
    ["an ellipsis", (start: string) => `its label is "${start}…", not a path`],
  ])("by its beginning where it is cut off by %s", (_, wrap) => {
    const redact = createRedact([secret]);
    for (const spelling of [secret, base64(secret), json(secret), html(secret)]) {
      for (let length = 4; length < spelling.length; length += 1) {
        expect(redact(wrap(spelling.slice(0, length)))).toMatch(/<secret>[^0-9]{0,6}/);
        expect(redact(wrap(spelling.slice(0, length)))).not.toContain("s3cr");
      }
    }
  });

  it("once where several spellings follow each other, and nothing else is", () => {
    const redact = createRedact(["hunter2", base64("me:hunter2")]);
    expect(redact(`Basic ${base64("me:hunter2")} hunter2hunter2, hunter3`)).toBe(
      "Basic <secret> <secret>, hunter3",
    );
    expect(createRedact([""])("as it is")).toBe("as it is");
  });

  it("with all that belongs to it, and nothing around it", () => {
    for (const text of ["+=/pass=/", "épassé", "-pass%2B", "päss"]) {
      for (const encode of [String, encodeURIComponent, json, html]) {
        expect(createRedact([text])(`key=${encode(text)} é ${encode(text)}\n`)).toMatch(
          /^key=?<secret> é <secret>\n$/,
        );
      }
    }
  });

  it("only as a word of its own where it is very short", () => {
    expect(createRedact(["a", "12"])("a bad gateway: X-One: a, X-Two: '12', a1 2 12.5")).toBe(
      "<secret> bad gateway: X-One: <secret>, X-Two: '<secret>', a1 2 <secret>.5",
    );
  });

  it("also where it is in no Latin letters", () => {
    expect(createRedact(["пароль"])(`token=${encodeURIComponent("пароль")}; пароль!`)).toBe(
      "token=<secret>; <secret>!",
    );
  });

  it("whatever it is made of, and however it was escaped", () => {
    const escapes = [html, json, form, encodeURIComponent];
    const secrets = fc
      .string({ unit: "grapheme", minLength: 6, maxLength: 40 })
      .filter((text) => /\w{3}/.test(text) && text.isWellFormed());
    const encoders = fc.tuple(
      fc.option(fc.constantFrom(base64, base64url), { freq: 2 }),
      fc.array(fc.constantFrom(...escapes), { maxLength: 2 }),
    );
    fc.assert(
      fc.property(secrets, encoders, fc.string(), (text, [encode, outer], around) => {
        const spelling = outer.reduce((inner, escape) => escape(inner), encode?.(text) ?? text);
        expect(createRedact([text])(`${around} ${spelling} ${around}`)).not.toContain(spelling);
      }),
    );
  });
});
