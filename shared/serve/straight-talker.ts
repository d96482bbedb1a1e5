/** Datagrams of forwards straight to their target. */
import { canonicalIp } from '../codec/ip.js';
import { DialError } from '../errors.js';
import { admitAddress, type Guard } from '../net/guard.js';
import type { Resolver } from '../net/resolve.js';
import { routedAddress } from '../net/routes.js';
import { within } from '../net/within.js';
import { DirectWay } from '../outbound/direct-datagrams.js';
import type { Talker } from './forward-ways.js';

export interface StraightOptions {
  readonly resolver: Resolver;
  /** For looking a name up, ms. */
  readonly dialMs: number;
  readonly guard: Guard;
}

/** The name is looked up once for each client, so that all of a talk goes to one host, and the answers are known by it. */
export function straightTalker({ resolver, dialMs, guard }: StraightOptions): Talker {
  return async ({ host, port }, { signal }) => {
    const found = await within(resolver.resolve(host).then(routedAddress), dialMs, signal);
    if (found === undefined) throw new DialError('name-not-resolved', 'name: expected an address, got none');
    admitAddress(guard, found, port);
    return { far: new DirectWay(), to: { host: canonicalIp(found), port } };
  };
}
