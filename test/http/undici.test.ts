import * as undici from "undici";
import { expect, it } from "vitest";

import * as parts from "../../src/http/undici.ts";

it("takes from undici what its front door gives", () => {
  expect(parts.Pool).toBe(undici.Pool);
  expect(parts.buildConnector).toBe(undici.buildConnector);
  expect(parts.errors.SocketError).toBe(undici.errors.SocketError);
});
