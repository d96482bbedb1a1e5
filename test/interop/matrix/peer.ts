/** An implementation of somebody else, as a row: what it has, how it is started, and where it differs. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { MethodName, UserSecret } from '../../../index.js';
import type { Target } from '../../../shared/codec/address.js';
import type { UdpPeer } from '../../support/udp.js';
import type { Peer } from '../programs.js';

/** On which side of ours somebody else stands. */
export type Side = 'client' | 'server';

/** What a server is told. */
export interface Household {
  readonly method: MethodName;
  /** The key of the server. */
  readonly secret: string;
  /** Those who name themselves under it (SIP023); empty where whoever has the key is let in. */
  readonly users: readonly UserSecret[];
}

/** What a client is told. */
export interface Errand {
  readonly method: MethodName;
  /** Its key, or the chain of keys of a user. */
  readonly secret: string;
  /** Where its server is, on 127.0.0.1. */
  readonly port: number;
  /** Datagrams travel in a stream. */
  readonly overTcp: boolean;
}

/** Where datagrams go in. */
export interface Entrance extends Target {
  readonly socket: UdpPeer;
  /** What stands before each payload; before those that come back stands the same, or another of the kind. */
  readonly header: Uint8Array;
}

/** A client that is ready. */
export interface RunningClient {
  /** Its SOCKS5 port. */
  readonly port: number;
  /** The way for datagrams to `target`, if it is not the one that RFC 1928 has. */
  readonly entrance?: (target: Target) => Promise<Entrance>;
}

/** One side of an implementation. */
interface Role {
  readonly methods: readonly MethodName[];
  /** Whether it knows identity headers (SIP023). */
  readonly identities?: true;
  /** Whether it takes or sends datagrams in streams (UDP over TCP). */
  readonly overTcp?: true;
}

export interface ServerRole extends Role {
  /** Starts a server; its port of 127.0.0.1. */
  readonly start: (household: Household) => Promise<number>;
}

export interface ClientRole extends Role {
  readonly start: (errand: Errand) => Promise<RunningClient>;
}

/** What is seen instead of what the case wants, which nobody here can change. */
export interface Difference {
  /** The names of the cases. */
  readonly cases: RegExp;
  /** Only there. */
  readonly side?: Side;
  /** Only with these methods. */
  readonly methods?: RegExp;
  readonly sees: string;
  /** One sentence for the reader of the table. */
  readonly why: string;
}

/** An implementation. */
export interface Implementation {
  readonly name: string;
  readonly programs: readonly Peer[];
  /** The command that installs it. */
  readonly install: string;
  /** The command that tells its version. */
  readonly version: readonly [Peer, ...string[]];
  /** A run without it fails. */
  readonly required?: true;
  readonly client?: ClientRole;
  readonly server?: ServerRole;
  readonly differs: readonly Difference[];
}

/** The programs of it that are not on the PATH. */
export function missingOf({ programs }: Implementation): readonly string[] {
  const places = (process.env['PATH'] ?? '').split(path.delimiter);
  return programs.filter((program) => !places.some((place) => isProgram(path.join(place, program))));
}

/** What it calls itself; undefined where it is not installed. */
export function versionOf({ version: [command, ...words] }: Implementation): string | undefined {
  const { stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What is known to differ there. */
export function differenceOf(
  { differs }: Implementation,
  { side, method, name }: { readonly side: Side; readonly method: MethodName; readonly name: string },
): Difference | undefined {
  return differs.find(
    (difference) =>
      difference.cases.test(name) &&
      (difference.side ?? side) === side &&
      (difference.methods?.test(method) ?? true),
  );
}
