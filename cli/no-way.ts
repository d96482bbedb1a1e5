/** Why a way of `halflight connect` led nowhere, for whoever typed the command: whose no it was, and what to do about it. */
import { formatTarget, type Target } from '../shared/codec/address.js';
import { authVariable, type Credential } from '../shared/config/credentials.js';
import type { ServerUri } from '../shared/config/uri.js';
import { codeOf, DialError, messageOf, ProtocolError } from '../shared/errors.js';
import { FarRefusal } from '../shared/outbound/outbound.js';
import type { FarReply } from '../shared/proxy/request.js';

/** What can be said to a door that asks who is there. */
export interface Known {
  readonly credential: Credential | undefined;
  /** The flag or the variable that it came from. */
  readonly source: string;
}

/** Where a way leads first. */
export interface Door {
  /** As messages name it: `local 127.0.0.1:1080`. */
  readonly name: string;
  /** What it means when it does not let us in for the credentials we have, or have not. */
  readonly denial: string;
  /** Where more can be found out about a failure that says little. */
  readonly more: string;
}

const nobody = `asks for a password: set ${authVariable}`;

/** The door of a local. */
export function localDoor(port: Target, { credential, source }: Known): Door {
  return {
    name: `local ${formatTarget(port)}`,
    denial: credential === undefined ? nobody : unknown(source),
    more: '; the log of halflight local says more',
  };
}

/** The door of a halflight remote. Without credentials its URI did not say that it asks. */
export function remoteDoor({ host, port }: ServerUri, { credential, source }: Known): Door {
  return {
    name: `remote ${formatTarget({ host, port })}`,
    denial:
      credential === undefined
        ? `${nobody}, and write ?auth=remote before the # of its URI`
        : unknown(source),
    more: '',
  };
}

function unknown(source: string): string {
  return `does not know the user and the password in ${source}`;
}

/**
 * The error to report when the talk at the door broke off with `error`. Its code, or that of its cause, is still the
 * same.
 */
export function atDoor({ name, denial, more }: Door, error: unknown): Error {
  if (codeOf(error) === 'denied') return new ProtocolError(`${name} ${denial}`, 'denied');
  // It speaks something else, and has no log of ours.
  const hint = codeOf(error) === 'protocol' ? '' : more;
  return new DialError('general-failure', `${name}: ${messageOf(error)}${hint}`, { cause: error });
}

/** Throws what the door said, unless it let us through. */
export function admit({ more }: Door, { refusal }: FarReply): void {
  if (refusal === undefined) return;
  const refused = new FarRefusal(refusal);
  throw refusal === 'general-failure' ? new DialError(refusal, `${refused.message}${more}`) : refused;
}

/** The error of a local that could not be reached. */
export function withoutLocal({ name }: Door, error: unknown): DialError {
  const got = codeOf(error instanceof Error ? error.cause : undefined) ?? codeOf(error) ?? 'no connection';
  return new DialError('general-failure', `${name}: expected one that listens, got ${got}`, { cause: error });
}
