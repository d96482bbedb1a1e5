import { readFileSync } from 'node:fs';
import type { MethodName } from '../../shared/codec/methods.js';
import { encodeRequest } from '../../shared/codec/packets-body.js';
import { packetFrame } from '../../shared/codec/packets-frame.js';
import type { Cipher } from '../../shared/codec/session.js';
import type { Environment } from '../../shared/environment.js';
import { AuthError, ProtocolError } from '../../shared/errors.js';
import { ascii, pattern, vectorTime } from './codec.js';

/** A moment that passes only when it is told to. */
export interface Clock {
  seconds: number;
}

export function clockAt(seconds: number = vectorTime): Clock {
  return { seconds };
}

/** An environment under that clock. Another `seed` makes other dice, as two programs have them. */
export function environmentOf(clock: Clock, seed = 1): Environment {
  let rolls = seed * 1_000_000;
  return { now: () => clock.seconds * 1000, randomBytes: (length) => pattern(length, rolls++) };
}

/** Where most packets of these tests go. No name server, so that it takes no padding. */
export const target = { host: '192.0.2.1', port: 4000 };
export const payload: Uint8Array = ascii('hello');

/** A packet of the 2022 edition with a session and a number of one's choice, sealed as a client would. */
export function craftRequest(
  cipher: Cipher,
  ids: { readonly session: bigint; readonly packet: bigint },
  env: Environment,
): Uint8Array {
  return craftFrame(cipher, ids, { body: encodeRequest({ peer: target, payload }, env), env });
}

/** A packet of the 2022 edition with any IDs and any body. */
export function craftFrame(
  cipher: Cipher,
  ids: { readonly session: bigint; readonly packet: bigint },
  { body, env }: { readonly body: Uint8Array; readonly env: Environment },
): Uint8Array {
  const frame = packetFrame(cipher, env);
  return frame.seal(ids, frame.aead(ids.session), body);
}

/** The code word of the refusal that `open` ends in: `auth`, `clock`, `replay` or `protocol`. */
export function refusalOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    if (error instanceof AuthError || error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'none';
}

interface PacketVectors {
  readonly sip004: Readonly<Partial<Record<MethodName, Readonly<Record<'salt' | 'udp', string>>>>>;
  readonly sip022: Readonly<
    Partial<
      Record<
        MethodName,
        Readonly<Record<'psk' | 'udp_c2s' | 'udp_s2c', string>> & { readonly udp_session_subkey_c?: string }
      >
    >
  >;
}

export const packetVectors: PacketVectors = JSON.parse(
  readFileSync(new URL('../vectors/shadowsocks-udp.json', import.meta.url), 'utf8'),
) as PacketVectors;
