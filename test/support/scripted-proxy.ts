/** Proxies that say what a test has written for them, and the way to them. */
import { concat } from '../../shared/bytes.js';
import type { Target } from '../../shared/codec/address.js';
import { directDialer } from '../../shared/outbound/direct.js';
import { HopError } from '../../shared/outbound/hop.js';
import type { Connected, Dialer } from '../../shared/outbound/outbound.js';
import { knows } from './fake-net.js';
import { spacedHex } from './handshake.js';
import type { Peer } from './peer.js';
import { RecordingSink } from './push-stream.js';
import { startTarget } from './targets.js';

/** What the proxy waits for, and what it does then. Text stands for hex. */
export interface Turn {
  readonly hears: string | Uint8Array;
  /** In pieces, each of which arrives by itself. */
  readonly says?: string | Uint8Array | readonly Uint8Array[];
  readonly then?: 'ends' | 'resets';
}

export interface ScriptedProxy {
  readonly at: Target;
  /** How many connections it has seen. */
  readonly accepted: number;
  /** The connection to it once it has said all; rejects when it heard something else. */
  played(): Promise<Peer>;
}

/** A proxy that plays `turns` with each who comes. */
export async function scriptedProxy(turns: readonly Turn[]): Promise<ScriptedProxy> {
  const door = await startTarget();
  const play = async (): Promise<Peer> => {
    const client = await door.next();
    for (const turn of turns) await takeTurn(client, turn);
    return client;
  };
  const playing = play();
  // Whoever provokes an error may not ask for it.
  playing.catch(() => undefined);
  return {
    at: { host: door.host, port: door.port },
    get accepted() {
      return door.accepted;
    },
    played: () => playing,
  };
}

async function takeTurn(client: Peer, { hears, says = [], then }: Turn): Promise<void> {
  const expected = Buffer.from(bytesOf(hears));
  const heard = await client.read(expected.length);
  if (!heard.equals(expected)) {
    client.reset();
    throw new Error(
      `scripted proxy: expected ${expected.toString('latin1')}, got ${heard.toString('latin1')}`,
    );
  }
  const pieces = says instanceof Uint8Array || typeof says === 'string' ? [bytesOf(says)] : says;
  for (const piece of pieces) {
    await client.send(piece);
    await turn();
  }
  if (then === 'ends') client.end();
  if (then === 'resets') client.reset();
}

/** Whoever listens in this process has heard by then what a loopback socket was given. */
async function turn(): Promise<void> {
  for (let immediate = 0; immediate < 2; immediate++) await new Promise((resolve) => setImmediate(resolve));
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? spacedHex(text) : text;
}

/** Straight there. */
export const straight: Dialer = directDialer({ resolver: knows('127.0.0.1'), timeoutMs: 60_000 });

/** A signal that never fires. */
export const never: AbortSignal = new AbortController().signal;

/** What a dial comes to that ought to fail at a proxy. */
export async function hopErrorOf(dialled: Promise<unknown>): Promise<HopError> {
  const error = await dialled.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof HopError) return error;
  throw new Error('dial: expected a HopError, got something else', { cause: error });
}

/** The first `length` bytes that come out of a stream; it is gone afterwards. */
export async function firstBytes({ stream }: Connected, length: number): Promise<string> {
  const sink = new RecordingSink();
  stream.attach(sink);
  await sink.until(() => sink.length >= length || sink.log.includes('ended') || sink.log.includes('failed'));
  stream.abort();
  return sink.text;
}

/** Every way to cut `bytes` in two, the empty piece left out, and the whole. */
export function cuts(...bytes: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const whole = concat(bytes);
  const places = Array.from(whole.keys()).slice(1);
  return [[whole], ...places.map((place) => [whole.subarray(0, place), whole.subarray(place)])];
}
