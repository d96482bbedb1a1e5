/** Events as hooks get them, of one connection that a forward has served. */
import type { HookEvent } from '../../shared/hooks/hook.js';
import type { ConnectionFacts } from '../../shared/observe/connection.js';

const openedAt = Date.UTC(2026, 10, 20, 9, 7, 15, 123);

/** A client that has come, and nothing else. */
export const cameFacts: ConnectionFacts = {
  id: 12,
  role: 'forward',
  transport: 'tcp',
  openedAt,
  client: { local: { host: '127.0.0.1', port: 8000 }, remote: { host: '127.0.0.1', port: 53412 } },
};

/** The same when its target has been reached. */
export const openFacts: ConnectionFacts = {
  ...cameFacts,
  command: 'connect',
  target: { host: 'example.com', port: 443 },
  far: { local: { host: '192.0.2.4', port: 41022 }, remote: { host: '203.0.113.9', port: 443 } },
};

/** Its life, from the start of the forward to its end. */
export const lifeEvents: readonly HookEvent[] = [
  { event: 'started', at: openedAt - 5000, role: 'forward', listen: ['127.0.0.1:8000', '[::1]:8000'] },
  { event: 'accepted', at: openedAt, connection: cameFacts },
  { event: 'requested', at: openedAt + 1, connection: { ...openFacts, far: undefined } as never },
  { event: 'dialed', at: openedAt + 27, connection: openFacts, ms: 26 },
  { event: 'first-byte', at: openedAt + 28, connection: openFacts, direction: 'up', ms: 28 },
  { event: 'first-byte', at: openedAt + 54, connection: openFacts, direction: 'down', ms: 54 },
  { event: 'tick', at: openedAt + 77, open: 1, up: 78, down: 1591 },
  {
    event: 'closed',
    at: openedAt + 178,
    connection: openFacts,
    up: { received: 78, sent: 78, unsent: 0 },
    down: { received: 1591, sent: 1591, unsent: 0 },
    by: 'target',
    why: 'end',
    ms: 178,
  },
  {
    event: 'error',
    at: openedAt + 300,
    connection: { ...openFacts, id: 13 },
    code: 'connection-refused',
    message: 'connect ECONNREFUSED 203.0.113.9:443',
  },
  { event: 'stopped', at: openedAt + 9000, role: 'forward' },
];
