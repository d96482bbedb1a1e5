/** A client and a target in memory, with hooks between them: each piece and each pause is in the hands of a test. */
import { createHooks } from '../../shared/hooks/create.js';
import type { Hook, HookEvent } from '../../shared/hooks/hook.js';
import type { HookedConnection, Hooks } from '../../shared/hooks/hooks.js';
import type { HookLimits } from '../../shared/hooks/limits.js';
import { relay, type RelayEnd } from '../../shared/net/relay.js';
import { recorder } from './hooked.js';
import { ScriptedStream } from './push-stream.js';

const ends = { local: { host: '127.0.0.1', port: 1 }, remote: { host: '127.0.0.1', port: 2 } };
const facts = { id: 1, role: 'forward', transport: 'tcp', openedAt: 0, client: ends } as const;

export interface Met {
  readonly hooks: Hooks;
  readonly connection: HookedConnection;
  readonly events: readonly HookEvent[];
  readonly warnings: readonly string[];
  /** With what a hook has cut it. */
  readonly cuts: readonly string[];
}

/** A connection that has come. The last hook is a recorder. */
export function meet(hooks: readonly Hook[], limits: Partial<HookLimits> = {}): Met {
  const { hook: watch, events } = recorder();
  const [warnings, cuts]: [string[], string[]] = [[], []];
  const named = [...hooks, watch].map((hook, at) => ({ name: `h${String(at + 1)}`, hook }));
  const all = createHooks(named, { role: 'forward', warn: (detail) => warnings.push(detail), limits });
  const connection = all.accept(
    () => facts,
    ({ message }) => cuts.push(message),
  );
  return { hooks: all, connection, events, warnings, cuts };
}

export interface Joined extends Met {
  readonly client: ScriptedStream;
  readonly far: ScriptedStream;
  /** How the relay has ended, once it has. */
  readonly done: readonly RelayEnd[];
}

/** One that has come to its target. */
export function join(
  hooks: readonly Hook[],
  options: {
    readonly limits?: Partial<HookLimits>;
    readonly client?: ScriptedStream;
    readonly far?: ScriptedStream;
  } = {},
): Joined {
  const { client = new ScriptedStream(), far = new ScriptedStream() } = options;
  const met = meet(hooks, options.limits);
  const done: RelayEnd[] = [];
  met.connection.dialed();
  relay(client, met.connection.through(client, far), (end) => {
    done.push(end);
    met.connection.closed(end);
  });
  return { ...met, client, far, done };
}
