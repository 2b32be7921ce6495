/** What a reload comes to. */
export interface ReloadResult {
  readonly ok: boolean;
  /** For people: what is in force now, or all that is wrong. */
  readonly message: string;
}

export type LoadResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export interface ReloaderOptions<T> {
  readonly load: () => Promise<LoadResult<T>>;
  /** Puts a good configuration into force. */
  readonly apply: (value: T) => Promise<void>;
  readonly onFailure: (message: string) => void;
}

/**
 * The one path on which a configuration is read again, whoever asks: a signal, a request, a changed file. What asks while a
 * reload is under way gets one that begins after it, so that nobody is told of an older file than the one he changed. A bad
 * file changes nothing.
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
