/** Forwards that run until a test is over. */
import { onTestFinished } from 'vitest';
import { connect, type Ending } from './peer.js';
import { type ForwardService, startForward } from '../../forward/forward.js';
import type { Target } from '../../shared/codec/address.js';
import type { ForwardRule } from '../../shared/config/forward-rule.js';
import { readService } from '../../shared/config/service-address.js';
import type { ForwardSettings } from '../../shared/config/settings.js';
import { systemEnvironment } from '../../shared/net/system.js';
import type { ObservedEvent } from '../../shared/observe/events.js';

export interface RunningForward extends ForwardService {
  /** Where each listens. */
  readonly at: readonly Target[];
  readonly events: readonly ObservedEvent[];
  /** The next event of that name that nobody has asked for yet. */
  seen(name: ObservedEvent['event']): Promise<ObservedEvent>;
}

/** These rules, each on a free port of this host where it does not say otherwise. */
export async function running(
  rules: readonly (Partial<ForwardRule> & Pick<ForwardRule, 'to'>)[],
  settings: Partial<ForwardSettings> = {},
): Promise<RunningForward> {
  const events: ObservedEvent[] = [];
  const wakers: (() => void)[] = [];
  const forwards = rules.map((rule) => ({
    from: { host: '127.0.0.1', port: 0 },
    transport: 'tcp' as const,
    ...rule,
  }));
  const service = await startForward({ forwards, ...settings }, systemEnvironment, (event) => {
    events.push(event);
    for (const wake of wakers.splice(0)) wake();
  });
  onTestFinished(() => service.stop(0));
  const at = service.forwards.map(({ listen }) => readService(listen));
  const taken = new Set<ObservedEvent>();
  const seen = async (name: ObservedEvent['event']): Promise<ObservedEvent> => {
    for (;;) {
      const found = events.find((event) => event.event === name && !taken.has(event));
      if (found !== undefined) {
        taken.add(found);
        return found;
      }
      await new Promise<void>((resolve) => wakers.push(resolve));
    }
  };
  return { ...service, at, events, seen };
}

/** What it rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('promise: expected it to reject, got a value');
    },
    (error: unknown) => error,
  );
}

/** How a connection to there ends that says nothing. A reset may come before it is known to be connected. */
export async function endOf(at: Target | undefined): Promise<Ending> {
  const client = await connect(at?.port ?? 0).catch(() => undefined);
  return client?.ended() ?? 'reset';
}
