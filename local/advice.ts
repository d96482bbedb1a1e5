/** The likely cause of a failed check, for whoever sits in front of it: made of what ended the check. */
import { formatTarget, type Target } from '../shared/codec/address.js';
import type { Method } from '../shared/codec/methods.js';
import { AuthError, codeOf, DialError } from '../shared/errors.js';
import type { Wire } from '../shared/net/sealed.js';
import type { CheckStage } from '../shared/observe/events.js';

/** A check that failed. */
export interface FailedCheck {
  readonly stage: CheckStage;
  /** What ended it. */
  readonly cause: unknown;
  readonly wire: Wire;
  readonly method: Method;
  /** The target that was asked through the server, when one was. */
  readonly asked?: Target;
}

/** The likely cause and what to do about it, in one line. */
export function adviceOn(failed: FailedCheck): string {
  return advisers[failed.stage](failed);
}

const clocks = 'both clocks are right to within 30 s';

const advisers: Readonly<Record<CheckStage, (failed: FailedCheck) => string>> = {
  resolve: () => 'check the host name in the URI, and that this computer is online',
  tcp: ({ cause }) =>
    isUnreachable(cause)
      ? 'this computer seems to be offline: check its network, then the host in the URI'
      : 'check that the remote runs, that host and port are right, and that its firewall lets the port through',
  authenticate: ({ cause, wire, method, asked }) => {
    // Only who holds the key can show us its clock.
    if (isStale(cause)) return `the remote has our key, but not our time: check that ${clocks}`;
    if (asked !== undefined) {
      const far = formatTarget(asked);
      return `no answer of ${far} came back: check key and method, and name a server it reaches with --probe-target`;
    }
    if (codeOf(cause) === 'silence') {
      return method.edition === 2022
        ? `the remote was reached but does not take our key: check key and method, and that ${clocks}`
        : 'the remote was reached but does not take our key: check key and method';
    }
    const elsewhere = 'something else answers there: check host and port';
    return wire === 'raw'
      ? `${elsewhere}; if it is another kind of Shadowsocks server, use the ss:// form of its URI`
      : elsewhere;
  },
};

function isUnreachable(cause: unknown): boolean {
  return (
    cause instanceof DialError && (cause.code === 'network-unreachable' || cause.code === 'host-unreachable')
  );
}

function isStale(cause: unknown): boolean {
  return cause instanceof AuthError && cause.code === 'clock';
}
