/** An implementation of somebody else, as a row: what it has, how it is started, and where it differs. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { MethodName, UserSecret } from '../../../index.js';
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

/** One side of an implementation. */
interface Role {
  readonly methods: readonly MethodName[];
  /** Whether it knows identity headers (SIP023). */
  readonly identities?: true;
  /** Its datagrams are not those of the standard. */
  readonly streamsOnly?: true;
  /** Whether it takes or sends datagrams in streams (UDP over TCP). */
  readonly overTcp?: true;
}

export interface ServerRole extends Role {
  /** Starts a server; its port of 127.0.0.1. */
  readonly start: (household: Household) => Promise<number>;
  /** The key it is given with the methods of 2017, where what it does depends on the key; else a new one each time. */
  readonly secret?: string;
}

export interface ClientRole extends Role {
  /** Starts a client; its SOCKS5 port of 127.0.0.1. */
  readonly start: (errand: Errand) => Promise<number>;
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
  /** What else the reader of the tables should know, in one paragraph. */
  readonly remark?: string;
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
