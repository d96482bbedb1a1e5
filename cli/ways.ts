/** The ways of `halflight connect` to a target: through a local that runs, or straight through a remote. */
import { checkPath } from '../local/check.js';
import type { Target } from '../shared/codec/address.js';
import { loadCiphers } from '../shared/codec/aead.js';
import { clientCipher } from '../shared/codec/session.js';
import { authVariable, readOwnCredential } from '../shared/config/credentials.js';
import { readPastedUri, readUriVariable } from '../shared/config/pasted.js';
import { readLocalPort } from '../shared/config/proxy-variables.js';
import type { ServerUri } from '../shared/config/uri.js';
import type { Variables } from '../shared/config/variables.js';
import { ConfigError } from '../shared/errors.js';
import { dial } from '../shared/net/dial.js';
import { HandshakeDriver } from '../shared/net/drive.js';
import { connectSocket } from '../shared/net/lending.js';
import { createResolver } from '../shared/net/resolve.js';
import type { PushStream } from '../shared/net/stream.js';
import { systemEnvironment } from '../shared/net/system.js';
import { TcpStream } from '../shared/net/tcp.js';
import { openConversation } from '../shared/outbound/conversation.js';
import type { Tunnel } from '../shared/outbound/reach.js';
import { askFor, shadowsocksDialer } from '../shared/outbound/tunnel.js';
import type { Handshake } from '../shared/proxy/handshake.js';
import type { FarReply } from '../shared/proxy/request.js';
import { greetSocks5, requestSocks5 } from '../shared/proxy/socks5-client.js';
import { defaultTimeouts } from '../shared/serve/timeouts.js';
import { admit, atDoor, type Door, type Known, localDoor, remoteDoor, withoutLocal } from './no-way.js';

/** Reaches a target. Rejects with a DialError or a ProtocolError that says why not. */
export type Way = (target: Target) => Promise<PushStream>;

export interface WayFlags {
  /** The URI of a remote, or where a local listens. */
  readonly proxy?: string;
  readonly auth?: string;
}

/** Nobody takes a connection back that was asked for on a command line: the process ends instead. */
const { signal } = new AbortController();

/**
 * The way that `--proxy` names, else the remote in HALFLIGHT_URI, else the local on 127.0.0.1:1080. ConfigError for one
 * that cannot be used, and for a remote that wants credentials when there are none.
 */
export function readWay({ proxy, auth }: WayFlags, variables: Variables): Way {
  const credential = readOwnCredential(auth, variables);
  const remote = proxy === undefined ? readUriVariable(variables) : remoteIn(proxy);
  const known = { credential, source: auth === undefined ? authVariable : '--auth' };
  if (remote === undefined) return throughLocal(readLocalPort(proxy), known);
  if (remote.wire === 'shadowsocks') return throughServer(remote);
  if (remote.remoteAuth !== true) return throughRemote(remote, { ...known, credential: undefined });
  if (credential !== undefined) return throughRemote(remote, known);
  throw new ConfigError(
    'credentials: expected some in --auth or HALFLIGHT_AUTH (auth=remote in the URI), got none',
  );
}

function remoteIn(text: string): ServerUri | undefined {
  return text.includes('://') ? readPastedUri(text) : undefined;
}

function throughLocal(port: Target, known: Known): Way {
  const door = localDoor(port, known);
  return async (target) => {
    const { dialMs, replyMs } = defaultTimeouts;
    const reached = dial(port, { resolver: createResolver(), timeoutMs: dialMs, socket: connectSocket });
    const socket = await reached.catch((error: unknown) => Promise.reject(withoutLocal(door, error)));
    const driver = new HandshakeDriver(new TcpStream(socket));
    // The local waits for its remote as long as we for it: its own word says more than our silence.
    return passing(door, driver, driver.run(greetAndAsk(target, known), 2 * replyMs));
  };
}

function throughRemote(remote: ServerUri, known: Known): Way {
  const door = remoteDoor(remote, known);
  return async (target) => {
    const { driver } = await openConversation(await tunnelTo(remote), { signal });
    const words = known.credential === undefined ? askFor('connect', target) : greetAndAsk(target, known);
    return passing(door, driver, driver.run(words, defaultTimeouts.replyMs));
  };
}

/** Such a server has no replies. */
function throughServer(remote: ServerUri): Way {
  return async (target) => {
    const dialer = shadowsocksDialer(await tunnelTo(remote));
    return (await dialer(target, { signal })).stream;
  };
}

function* greetAndAsk(target: Target, { credential }: Known): Handshake<FarReply> {
  yield* greetSocks5(credential);
  return yield* requestSocks5('connect', target);
}

/** The stream behind the door, once `talk` has led through it. */
async function passing(door: Door, driver: HandshakeDriver, talk: Promise<FarReply>): Promise<PushStream> {
  admit(door, await talk.catch((error: unknown) => Promise.reject(atDoor(door, error))));
  return driver.handOver();
}

async function tunnelTo({ host, port, method, secret, wire, saltPrefix }: ServerUri): Promise<Tunnel> {
  await loadCiphers(method, 'native');
  const tunnel: Tunnel = {
    remote: { host, port },
    cipher: clientCipher(method, secret, 'native'),
    saltPrefix,
    environment: systemEnvironment,
    resolver: createResolver(),
    timeouts: defaultTimeouts,
    pathWorks: async () => (await checkPath(tunnel, wire, signal)).ok,
  };
  return tunnel;
}
