/** Fetching as a test sees it. */
import { expect, onTestFinished } from 'vitest';
import { fetchDocument, type FetchedDocument, type FetchOptions } from '../../shared/net/fetch-document.js';
import { createResolver } from '../../shared/net/resolve.js';
import { authority } from './web.js';

/** What `url` brings; the resolver knows that `localhost` is this machine. */
export function fetched(
  url: string,
  changes: Partial<FetchOptions> = {},
): Promise<FetchedDocument | 'unchanged'> {
  const resolver = createResolver();
  onTestFinished(() => {
    resolver.close();
  });
  const signal = new AbortController().signal;
  return fetchDocument(new URL(url), { resolver, signal, maxBytes: 1000, ca: authority, ...changes });
}

/** The text of the document at `url`. */
export async function textAt(url: string, changes?: Partial<FetchOptions>): Promise<string> {
  const document = await fetched(url, changes);
  return document === 'unchanged' ? document : Buffer.from(document.bytes).toString();
}

/** How the attempt ended, which must have failed, as `Error code message`. */
export async function failure(url: string, changes?: Partial<FetchOptions>): Promise<string> {
  try {
    await fetched(url, changes);
  } catch (error) {
    const { name, code, message } = error as Error & { readonly code: string };
    expect(message).not.toContain('geheim');
    return `${name} ${code} ${message}`;
  }
  throw new Error('expected an error, got none');
}
