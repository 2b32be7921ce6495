/** How long each flood or crash loop lasts. */
export const seconds = Number(process.env["HOSTILE_SECONDS"] ?? 30);

/** Where there is chance: `createRandom(seed)`. Name it in the title of the test, so that a failure can be repeated. */
export const seed = Number(process.env["HOSTILE_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
