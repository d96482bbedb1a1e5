/** A dumper whose hook is called by hand, and what it has written. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteFilter, Direction, Hook, HookEvent } from '../../shared/hooks/hook.js';
import { dumperHook, type DumperOptions } from '../../shared/hooks/dumper/dumper.js';
import type { DumperSettings } from '../../shared/hooks/dumper/settings.js';
import type { ConnectionFacts } from '../../shared/observe/connection.js';
import { temporaryDirectory } from './directory.js';

/** A conversation of the 21st of November 2026. */
export const facts: ConnectionFacts = {
  id: 12,
  role: 'forward',
  transport: 'tcp',
  openedAt: 1_795_221_309_123,
  client: { local: { host: '127.0.0.1', port: 8000 }, remote: { host: '127.0.0.1', port: 50_000 } },
  target: { host: 'example.com', port: 80 },
};

export type Closed = Extract<HookEvent, { readonly event: 'closed' }>;

/** What was said, in its order. */
export type Said = readonly (readonly [direction: Direction, bytes: Uint8Array | string])[];

export interface TestDump {
  readonly directory: string;
  readonly hook: Hook;
  readonly warnings: readonly string[];
  /** Opens a conversation, or with the same number another of the same connection; what is not said of it is as in `facts`. */
  converse(changed?: Partial<ConnectionFacts>): TestConversation;
  /** Settles when all has been written. */
  stop(): Promise<void>;
  /** The files, by name. */
  files(): readonly string[];
  read(name: string): Buffer;
  /** The only file of this kind. */
  only(suffix: '.txt' | '.pcapng'): string;
}

export interface TestConversation {
  say(direction: Direction, bytes: Uint8Array | string): void;
  end(direction: Direction): void;
  close(outcome?: Partial<Pick<Closed, 'by' | 'why'>>): void;
}

export async function startDump(
  settings: Partial<DumperSettings> = {},
  options: DumperOptions = {},
): Promise<TestDump> {
  const directory = settings.directory ?? temporaryDirectory();
  const warnings: string[] = [];
  const hook = await dumperHook(
    {
      directory,
      formats: ['text', 'pcapng'],
      targets: [],
      fileBytes: 0,
      files: 0,
      secrets: false,
      ...settings,
    },
    (detail) => warnings.push(detail),
    options,
  );
  const files = (): readonly string[] => readdirSync(directory).sort();
  return {
    directory,
    hook,
    warnings,
    converse: (changed) => converse(hook, { ...facts, ...changed }),
    stop: async () => {
      await hook.on?.stopped?.({ event: 'stopped', at: Date.now(), role: 'forward' });
    },
    files,
    read: (name) => readFileSync(join(directory, name)),
    only: (suffix) => {
      const [name, ...others] = files().filter((each) => each.endsWith(suffix));
      if (name === undefined || others.length > 0)
        throw new Error(`expected one ${suffix}, got ${files().join(' ')}`);
      return join(directory, name);
    },
  };
}

function converse(hook: Hook, connection: ConnectionFacts): TestConversation {
  const filters = hook.filter?.(connection);
  const filter = (direction: Direction): ByteFilter => filters?.[direction] ?? {};
  return {
    say: (direction, bytes) => {
      const verdict = filter(direction).sent?.(Buffer.from(bytes));
      if (filters !== undefined && verdict !== 'pass') throw new Error('expected that all may pass');
    },
    end: (direction) => void filter(direction).ended?.(),
    close: ({ by = 'client', why = 'end' } = {}) => {
      const counts = { received: 0, sent: 0, unsent: 0 };
      hook.on?.closed?.({
        event: 'closed',
        at: Date.now(),
        connection,
        up: counts,
        down: counts,
        by,
        why,
        ms: 1,
      });
    },
  };
}

/** A whole conversation. */
export function recite(dump: TestDump, said: Said, changed?: Partial<ConnectionFacts>): void {
  const conversation = dump.converse(changed);
  for (const [direction, bytes] of said) conversation.say(direction, bytes);
  conversation.end('up');
  conversation.end('down');
  conversation.close();
}
