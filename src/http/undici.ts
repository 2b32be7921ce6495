import { createRequire } from "node:module";

import type undici from "undici";

/**
 * The parts of undici that the janitor needs, each by its own file: the package's front door also loads fetch, web sockets and
 * caches, which is most of the time in which a command starts, and 9 MB that stay. The version is pinned, and a test holds
 * these parts against the front door.
 */
const load = createRequire(import.meta.url);

// As the front door does: without it, dispatchers have no `request`.
const dispatcher = load("undici/lib/dispatcher/dispatcher.js") as { readonly prototype: object };
Object.assign(dispatcher.prototype, load("undici/lib/api/index.js"));

export const Pool = load("undici/lib/dispatcher/pool.js") as (typeof undici)["Pool"];
export const buildConnector = load("undici/lib/core/connect.js") as (typeof undici)["buildConnector"];
export const errors = load("undici/lib/core/errors.js") as (typeof undici)["errors"];
