/** Datagrams through a SOCKS5 proxy: UDP ASSOCIATE (RFC 1928 §4, §7), the client's side. */
import { type Target, unspecifiedTarget } from '../codec/address.js';
import { canonicalIp } from '../codec/ip.js';
import { DialError, ProtocolError } from '../errors.js';
import { anyAddress, bindDatagrams, type Datagrams, type Endpoint, type Sent } from '../net/datagrams.js';
import { dialErrorOf } from '../net/dial-errors.js';
import type { Resolver } from '../net/resolve.js';
import { routedAddress } from '../net/routes.js';
import type { PushStream, Sink } from '../net/stream.js';
import { within } from '../net/within.js';
import { FragmentQueue } from '../proxy/fragments.js';
import { isUnspecified } from '../proxy/socks-address.js';
import { UdpHeaders } from '../proxy/udp-header.js';
import type { FarSink, FarWay } from './associate.js';
import type { SocksPlace } from './hop.js';
import type { HopTalk } from './hop-talk.js';
import type { Dialer, DialerOptions } from './outbound.js';
import { hostOfProxy } from './proxy-host.js';
import { askSocks5 } from './socks5.js';

/**
 * Ways for datagrams through the proxy. Each lasts as long as its connection to the proxy. Rejects with a HopError, or
 * with a DialError when this host has no socket left.
 */
export function socks5Datagrams(
  over: Dialer,
  hop: SocksPlace,
  resolver: Resolver,
): (options: DialerOptions) => Promise<FarWay> {
  return async ({ signal }) => {
    // From where we shall send, we do not know ourselves: behind a NAT it is not our address (RFC 1928 §4).
    const asked = { command: 'associate', target: unspecifiedTarget, signal } as const;
    const { talk, bound } = await askSocks5(over, hop, asked);
    const host = isUnspecified(bound) ? hostOfProxy(talk, hop) : bound.host;
    const relay = await talk.during('request', relayAt({ host, port: bound.port }, resolver, signal));
    return new SocksWay(await bindFor(relay, talk), relay, talk.handOver());
  };
}

/** Where the datagrams go, in the spelling in which the system will name it as a sender. */
async function relayAt(relay: Target, resolver: Resolver, signal: AbortSignal): Promise<Endpoint> {
  if (relay.port === 0) throw new ProtocolError('SOCKS5 relay: expected a port of 1 to 65535, got 0');
  const address = await within(resolver.resolve(relay.host).then(routedAddress), Infinity, signal);
  if (address === undefined) throw new DialError('name-not-resolved', 'name: expected an address, got none');
  return { address: canonicalIp(address), port: relay.port };
}

/** A socket for datagrams to there. That there is none is no fault of the proxy. */
async function bindFor({ address }: Endpoint, talk: HopTalk): Promise<Datagrams> {
  try {
    return await bindDatagrams({ host: anyAddress[address.includes(':') ? 6 : 4], port: 0 });
  } catch (error) {
    talk.stream.abort();
    throw dialErrorOf(error);
  }
}

class SocksWay implements FarWay, Sink {
  readonly #far: Datagrams;
  readonly #relay: Endpoint;
  /** Whatever is said on it means nothing; that it ends does (RFC 1928 §6). */
  readonly #control: PushStream;
  readonly #headers = new UdpHeaders();
  /** What never becomes whole waits here until the next datagram: that is one, of 64 KiB at most. */
  readonly #fragments = new FragmentQueue();
  #sink: FarSink | undefined;

  constructor(far: Datagrams, relay: Endpoint, control: PushStream) {
    this.#far = far;
    this.#relay = relay;
    this.#control = control;
  }

  attach(sink: FarSink): void {
    this.#sink = sink;
    this.#far.attach({ received: this.#received, failed: this.#end });
    this.#control.attach(this);
  }

  send(target: Target, payload: Uint8Array, sent: Sent): void {
    this.#far.send(this.#headers.write(target, payload), this.#relay, sent);
  }

  close(): void {
    this.#far.close();
    this.#control.abort();
  }

  receive(): void {
    // See #control.
  }

  ended(): void {
    this.#end(undefined);
  }

  failed(error: Error): void {
    this.#end(error);
  }

  writable(): void {
    // Nothing is ever written to it.
  }

  readonly #end = (broken: Error | undefined): void => {
    this.close();
    this.#sink?.ended(broken);
  };

  readonly #received = (datagram: Uint8Array, { address, port }: Endpoint): void => {
    const ours = port === this.#relay.port && address === this.#relay.address;
    const header = ours ? this.#headers.read(datagram) : undefined;
    if (header === undefined) {
      this.#sink?.dropped();
      return;
    }
    const whole = this.#fragments.accept(header, performance.now());
    if (whole !== undefined) this.#sink?.answered(whole.target, whole.payload);
  };
}
