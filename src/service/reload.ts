import { ConfigError } from "../config/config.ts";
import { createQueue } from "../core/queue.ts";

/** The result of a reload. */
export interface ReloadResult {
  readonly ok: boolean;
  /** For people: success, or all problems. */
  readonly message: string;
}

interface ReloaderOptions<T> {
  /** @throws {@link ConfigError} with all problems */
  readonly load: () => Promise<T>;
  /** Puts a good configuration into force. */
  readonly apply: (value: T) => Promise<void> | void;
  readonly onFailure: (message: string) => void;
}

/**
 * Reads a configuration again, for a signal, a request or a changed file alike. A request during a reload is answered by a reload
 * that begins after it, so that the answer is never about an older file. A bad file changes nothing.
 */
export function createReloader<T>({
  load,
  apply,
  onFailure,
}: ReloaderOptions<T>): () => Promise<ReloadResult> {
  const inTurn = createQueue();
  const reload = async (): Promise<ReloadResult> => {
    try {
      await apply(await load());
      return { ok: true, message: "configuration reloaded" };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      onFailure(error.message);
      return { ok: false, message: error.message };
    }
  };
  return () => inTurn(reload);
}
