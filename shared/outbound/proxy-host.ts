import type { HopPlace } from './hop.js';
import type { HopTalk } from './hop-talk.js';

/**
 * Where a proxy is whose own word for it is 0.0.0.0: the address that was reached, or, behind other proxies, where it was
 * said to be. Not what the socket below says: that leads to the first of them.
 */
export function hostOfProxy({ peer = '' }: HopTalk, { at }: HopPlace): string {
  return peer === '' ? at.host : peer;
}
