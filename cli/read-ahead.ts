import { createRequire } from 'node:module';

/**
 * Loads modules, named as this one would import them, with all that they import, in this thread. On Node 20 `import` has
 * other threads open, measure, read and close each of a hundred small files, which is a tenth of a start; later ones do it
 * like this by themselves.
 */
export function readAhead(...names: readonly string[]): void {
  if (!process.versions.node.startsWith('20.')) return;
  const require = createRequire(import.meta.url);
  try {
    for (const name of names) require(name);
  } catch {
    // Whoever imports it says what is wrong.
  }
}
