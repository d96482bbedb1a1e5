/** How the conversations of a local leave: each through the first of its servers that takes it. */
import type { LocalSettings } from '../shared/config/settings.js';
import type { Dialer, DialerOptions, Outbound, Passer } from '../shared/outbound/outbound.js';
import type { ForwardWay } from '../shared/serve/forward-ways.js';
import type { Timeouts } from '../shared/serve/timeouts.js';
import { failOver } from './fail-over.js';
import type { ServerList } from './server-list.js';
import type { ServerPath } from './server-path.js';
import type { Greeter } from './vouched.js';
import type { WaysThrough } from './ways-through.js';

/** All ways out of a local. */
export interface Leaving {
  readonly outbound: Outbound;
  readonly pass: Passer;
  readonly greet: Greeter;
  /** For its forwards. */
  readonly forward: ForwardWay;
}

/** Through `servers`, as they are when a conversation begins. */
export function leavingThrough(
  servers: ServerList,
  { udp, optimistic }: Pick<LocalSettings, 'udp' | 'optimistic'>,
  { attemptMs, dialMs }: Timeouts,
): Leaving {
  const leave = <Got>(
    paths: readonly ServerPath[],
    attempt: (ways: WaysThrough, options: DialerOptions) => Promise<Got>,
    options: DialerOptions & { readonly repeatable?: () => boolean },
  ): Promise<Got> => {
    const { repeatable = () => true, ...others } = options;
    return failOver(paths, { attempt, repeatable, attemptMs, patienceMs: dialMs }, others);
  };
  const dial: Dialer = (target, options) =>
    leave(servers.inTurn(target.host), (ways, at) => ways.dial(target, at), options);
  return {
    outbound: {
      dial,
      ...(optimistic === true && {
        early: (target, { heard, ...options }) =>
          leave(servers.inTurn(target.host), (ways, at) => ways.early(target, { ...at, heard }), options),
      }),
      bind: (target, options) =>
        leave(servers.inTurn(target.host), (ways, at) => ways.bind(target, at), options),
      ...(udp && {
        associate: (client, options) =>
          leave(servers.byLot(), (ways, at) => ways.associate(client, at), options),
      }),
    },
    pass: (spoken, options) => {
      // From then on the target may have it, and must not get it twice.
      let sent = false;
      const takeAhead = (): Uint8Array => {
        const ahead = spoken.takeAhead();
        sent ||= ahead.length > 0;
        return ahead;
      };
      // The list may have become another one since the client was received.
      const paths = servers.inTurn(spoken.target.host).filter(({ uri }) => uri.wire === 'raw');
      const attempt = (ways: WaysThrough, at: DialerOptions): ReturnType<Passer> =>
        ways.pass({ ...spoken, takeAhead }, at);
      return leave(paths, attempt, { ...options, repeatable: () => !sent });
    },
    forward: {
      dial,
      ...(udp && {
        talker: () =>
          Promise.resolve(async (target, options) => ({
            far: await leave(servers.inTurn(target.host), (ways, at) => ways.datagrams(at), options),
            to: target,
          })),
      }),
    },
    greet: (greeting, options) => leave(servers.byLot(), (ways, at) => ways.greet(greeting, at), options),
  };
}
