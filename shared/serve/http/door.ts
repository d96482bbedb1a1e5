/** What is answered at the door, before anybody asks a target: pages of the port itself, and who may come in. */
import { challenge, standing } from '../../proxy/http-basic.js';
import { fault, type RequestHead, valuesOf } from '../../proxy/http-head.js';
import { type Answer, ownPage } from '../../proxy/http-refusal.js';
import type { CredentialCheck } from '../../proxy/request.js';
import type { HttpOptions } from '../http.js';

/** The answer to a request that is for this very port; nobody needs credentials for it, for a browser shows none. */
export function ownAnswer(
  { method, url, rawHeaders }: RequestHead,
  own: HttpOptions['own'],
): Answer | undefined {
  if (!url.startsWith('/')) return undefined;
  const get = method === 'GET' || method === 'HEAD';
  const page = get ? own?.(url, valuesOf(rawHeaders, 'host')[0] ?? '') : undefined;
  if (page === undefined) return ownPage(404, 'This port is a proxy for programs, and has no such page.');
  return { status: 200, headers: [], ...page };
}

/**
 * What is to be said to a client that may not come in; undefined to one that may. Without credentials it hears so at
 * once, because browsers ask first; with wrong ones once `denied` has settled.
 */
export async function admit(
  { rawHeaders }: RequestHead,
  check: CredentialCheck | undefined,
  denied: () => Promise<void>,
): Promise<Answer | undefined> {
  if (check === undefined) return undefined;
  const known = standing(rawHeaders, check);
  if (known === 'known') return undefined;
  if (known === 'ambiguous') return fault(400, 'Proxy-Authorization: expected one, got two');
  if (known === 'wrong') await denied();
  return challenge();
}
