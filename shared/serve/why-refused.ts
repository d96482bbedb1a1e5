/** Why something was refused, in words that any log may have: none of them names a target, or a client. */
import { codeOf, DialError, messageOf, type Refusal } from '../errors.js';
import { isOwnTrouble, refusalOf } from '../net/dial-errors.js';
import type { SeenEvent } from '../observe/events.js';
import { HopError } from '../outbound/hop.js';
import { DeadCarrier, FarFailure, FarRefusal } from '../outbound/outbound.js';

type Refused = Extract<SeenEvent, { readonly event: 'refused' }>;

/** What the event says of a failure, but for whose it is. */
export function whyRefused(failure: unknown): Pick<Refused, 'reason' | 'detail' | 'at' | 'why'> {
  const reason = refusalOf(failure);
  const causes = causesOf(failure);
  const hop = causes.find((each) => each instanceof HopError);
  const at = hop === undefined ? placeOf(causes) : placeOfHop(hop);
  const why = hop === undefined ? errnoFor(reason, causes) : faultOf(hop);
  return { reason, detail: messageOf(failure), ...(at && { at }), ...(why !== undefined && { why }) };
}

/** What only a host that was dialled can be behind. */
const ofTheTarget: readonly Refusal[] = [
  'connection-refused',
  'timed-out',
  'host-unreachable',
  'network-unreachable',
  'name-not-resolved',
];

function placeOf(causes: readonly Error[]): Refused['at'] {
  const [failure] = causes;
  if (failure instanceof FarFailure || failure instanceof DeadCarrier) return 'proxy';
  if (failure instanceof FarRefusal) return 'target';
  if (!(failure instanceof DialError) || isOwnTrouble(failure)) return undefined;
  return ofTheTarget.includes(failure.code) || errnoIn(causes) !== undefined ? 'target' : undefined;
}

/** Of a proxy that was not waited for any longer nobody knows whether it was itself waiting for the target. */
function placeOfHop({ phase, fault }: HopError): Refused['at'] {
  if (phase === 'request' && fault === 'given-up') return undefined;
  return phase === 'request' && fault === 'refused' ? 'target' : 'proxy';
}

/** That it said no is told by the reason. */
function faultOf({ fault }: HopError): string | undefined {
  return fault === 'refused' ? undefined : fault;
}

/** A missing unix socket has no reason of its own. */
function errnoFor(reason: Refusal, causes: readonly Error[]): string | undefined {
  return reason === 'general-failure' ? errnoIn(causes) : undefined;
}

function errnoIn(causes: readonly Error[]): string | undefined {
  return causes.map(codeOf).find((code) => code !== undefined && /^E[A-Z0-9]+$/.test(code));
}

/** It, and what is behind it. */
function causesOf(failure: unknown): readonly Error[] {
  const found: Error[] = [];
  for (let at = failure; at instanceof Error && !found.includes(at); at = at.cause) found.push(at);
  return found;
}
