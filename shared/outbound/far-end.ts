/** The far end of a tunnel, with the connections to it that wait. */
import type { Wire } from '../net/wire.js';
import { Carriers, type CarriersOptions } from './carriers.js';
import { openCarrier } from './conversation.js';
import type { Tunnel } from './reach.js';

/** A server, as its URI says it. */
export interface FarEnd {
  readonly wire: Wire;
  readonly host: string;
  readonly port: number;
  readonly saltPrefix?: Uint8Array;
}

type Known = 'remote' | 'saltPrefix' | 'carriers';
type Rest = Omit<Tunnel, Known> & Pick<CarriersOptions, 'timeouts'>;

/** The tunnel to a server. Over the raw wire it keeps carriers, which `told` hears of. */
export function tunnelTo<Parts extends Rest>(
  { wire, host, port, saltPrefix }: FarEnd,
  parts: Parts,
  told: Pick<CarriersOptions, 'count' | 'tell'>,
): Parts & Pick<Tunnel, Known> {
  const tunnel: Parts & Pick<Tunnel, Known> = {
    ...parts,
    remote: { host, port },
    saltPrefix,
    carriers:
      wire === 'raw'
        ? new Carriers((options) => openCarrier(tunnel, options), { ...parts, ...told })
        : undefined,
  };
  return tunnel;
}
