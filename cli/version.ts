import { readFileSync } from 'node:fs';

/** What the package calls itself; this file is two levels below it when it is built. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
