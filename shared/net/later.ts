/** What `load` brings, the same each time; when it fails, whoever asks next has it tried again. */
export function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}

/** From the moment that a half is ready until it loads what nobody has asked for yet, ms. */
const idleMs = 1000;

/**
 * Has these modules loaded once whoever starts has started. Without, the first who needs one would load it, and that
 * may be years later: when the process is out of descriptors (Node 20 never tries a module again that it could not load),
 * or when another version of the program has been installed in its place.
 */
export function loadLater(modules: readonly (() => Promise<unknown>)[]): void {
  setTimeout(() => {
    for (const load of modules) load().catch(() => undefined);
  }, idleMs).unref();
}
