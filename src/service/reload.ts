/** The result of a reload. */
export interface ReloadResult {
  readonly ok: boolean;
  /** For people: success, or all problems. */
  readonly message: string;
}

export type LoadedOrProblem<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

interface ReloaderOptions<T> {
  readonly load: () => Promise<LoadedOrProblem<T>>;
  /** Puts a good configuration into force. */
  readonly apply: (value: T) => Promise<void>;
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
  let last: Promise<unknown> = Promise.resolve();

  const reload = async (): Promise<ReloadResult> => {
    const loaded = await load();
    if (!loaded.ok) {
      onFailure(loaded.message);
      return { ok: false, message: loaded.message };
    }
    await apply(loaded.value);
    return { ok: true, message: "configuration reloaded" };
  };

  return () => {
    const result = last.then(reload);
    last = result.catch(() => {});
    return result;
  };
}
