/** The machine with a scripted client and a scripted target. */
import type { Target } from '../../shared/codec/address.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import type { Dialer, Outbound } from '../../shared/outbound/outbound.js';
import type { Handshake } from '../../shared/proxy/handshake.js';
import { Attempts } from '../../shared/serve/attempts.js';
import { serveStream, type AskedRequest, type Inbound, type Machine } from '../../shared/serve/serve.js';
import { ScriptedStream } from './push-stream.js';

export const target: Target = { host: '192.0.2.1', port: 80 };
export const bound: Target = { host: '198.51.100.7', port: 5000 };

/** An inbound that reads four bytes, asks for `command`, and says what became of it in words. */
export function asking(command: AskedRequest['command']): Inbound {
  return async (driver) => {
    await driver.run(fourBytes(), 1000);
    return {
      command,
      target,
      granted: ({ port }) => Buffer.from(`granted ${port};`),
      refused: (reason) => Buffer.from(`refused ${reason};`),
    };
  };
}

function* fourBytes(): Handshake<Uint8Array> {
  return yield { read: 4 };
}

export interface Run {
  readonly client: ScriptedStream;
  readonly far: ScriptedStream;
  readonly events: ObservedEvent[];
  /** Where it counts: to stop it. */
  readonly attempts: Attempts;
  readonly done: Promise<void>;
}

/** The machine with a scripted client, and a dialer that reaches `far` unless it is given another. */
export function served(
  inbound: Inbound = asking('connect'),
  dialer?: Dialer,
  others: Partial<Outbound> = {},
): Run {
  const [client, far] = [new ScriptedStream(), new ScriptedStream()];
  const events: ObservedEvent[] = [];
  const dial: Dialer = dialer ?? (() => Promise.resolve({ stream: far, bound }));
  const attempts = new Attempts();
  const machine: Machine = {
    role: 'remote',
    outbound: { dial, ...others },
    observer: (event) => events.push(event),
    idleMs: 1000,
    attempts,
  };
  return { client, far, events, attempts, done: serveStream(client, inbound, machine) };
}

/** The events without what differs from run to run. */
export function told(events: readonly ObservedEvent[]): unknown[] {
  return events.map((event) => ({
    ...event,
    ...('id' in event && { id: 0 }),
    ...('ms' in event && { ms: 0 }),
  }));
}

export const opened = { event: 'opened', id: 0, role: 'remote' } as const;
export const closed = { event: 'closed', id: 0, up: 0, down: 0, ms: 0 } as const;
