import { describe, expect, it } from 'vitest';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { createLog, logLevels, type LogLevel } from '../../shared/observe/log.js';
import { jsonObserver, logObserver } from '../../shared/observe/observer.js';

const target = { host: 'secret.example', port: 443 };
const bound = { host: '2001:db8::1', port: 5000 };

/** One of every kind; what must stay private says so. */
const events: readonly ObservedEvent[] = [
  { event: 'opened', id: 1, role: 'local' },
  { event: 'granted', id: 1, target, bound, carrier: 3 },
  {
    event: 'refused',
    id: 1,
    target,
    reason: 'connection-refused',
    at: 'proxy',
    why: 'unreachable',
    detail: 'secret.example:443 refused',
  },
  { event: 'refused', id: 1, reason: 'general-failure', detail: 'before it named a target' },
  { event: 'closed', id: 1, target, up: 10, down: 20, ms: 30, error: 'ECONNRESET' },
  { event: 'closed', id: 1, up: 0, down: 0, ms: 1 },
  { event: 'plugin-said', plugin: 'obfs', line: 'secret.example' },
  { event: 'absorbed', why: 'tag' },
  { event: 'denied', id: 2, protocol: 'HTTP' },
  { event: 'remote-lost', detail: 'no answer' },
  { event: 'remote-back' },
  { event: 'remote-lost', detail: 'no answer', server: 'tokyo' },
  { event: 'remote-back', server: 'tokyo' },
  { event: 'servers-changed', from: ['tokyo', 'nara'], to: ['osaka'], why: 'no answer' },
  { event: 'servers-changed', from: ['osaka'], to: [], why: 'refused' },
  { event: 'user-changed', user: 'ben', change: 'key replaced' },
  { event: 'warning', detail: 'no journal' },
  { event: 'probed', server: 'tokyo', ms: 48, smoothedMs: 50 },
  { event: 'carrier', carrier: 3, what: 'closed', idle: 3, why: 'idle', server: 'tokyo' },
  { event: 'carriers', opened: 5, warmed: 2, reused: 90, usedWarm: 1, replayed: 0, dropped: 4 },
  { event: 'through', id: 1, server: 'tokyo' },
  { event: 'bound', id: 3, target, bound },
  { event: 'associated', id: 4, bound },
  { event: 'closed', id: 4, up: 5, down: 6, datagrams: { up: 2, down: 3, dropped: 1 }, ms: 7 },
];

function logged(level: LogLevel): string[] {
  const lines: string[] = [];
  const log = createLog({
    level,
    format: 'text',
    color: false,
    now: () => 0,
    write: (line) => lines.push(line),
  });
  events.forEach(logObserver(log));
  return lines.map((line) => line.slice(line.indexOf(' ') + 1));
}

function written(level: LogLevel, observed: readonly ObservedEvent[] = events): unknown[] {
  const lines: string[] = [];
  observed.forEach(jsonObserver((line) => lines.push(line), level));
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe('the log of events', () => {
  it('at the default level names no target', () => {
    expect(logged('info')).toEqual([
      'info refused id=1 reason=connection-refused at=proxy why=unreachable',
      'info refused id=1 reason=general-failure',
      'info absorbed an opening that is not authentic why=tag',
      'info denied a client without the right credentials id=2 protocol=HTTP',
      'warn the remote cannot be reached detail="no answer"',
      'info the remote is back',
      'warn the remote cannot be reached server=tokyo detail="no answer"',
      'info the remote is back server=tokyo',
      'info tokyo, nara → osaka: no answer',
      'info osaka → no server: refused',
      'info user key replaced user=ben',
      'warn no journal',
    ]);
  });

  it.each(logLevels.filter((level) => level !== 'debug'))(
    'at level %s has no target in any line',
    (level) => {
      expect(logged(level).join('\n')).not.toMatch(/secret|2001:db8/);
      expect(JSON.stringify(written(level))).not.toMatch(/secret|2001:db8/);
    },
  );

  it('at level debug names targets and follows every connection', () => {
    expect(logged('debug').slice(-6)).toEqual([
      'debug carrier closed server=tokyo carrier=3 idle=3 why=idle',
      'debug the carriers of this run opened=5 warmed=2 reused=90 usedWarm=1 replayed=0 dropped=4',
      'debug through id=1 server=tokyo',
      'debug bound id=3 target=secret.example:443 bound=[2001:db8::1]:5000',
      'debug associated id=4 bound=[2001:db8::1]:5000',
      'debug closed id=4 up=5 down=6 datagramsUp=2 datagramsDown=3 dropped=1 ms=7',
    ]);
    expect(logged('debug').slice(0, 6)).toEqual([
      'debug opened id=1 role=local',
      'debug granted id=1 target=secret.example:443 bound=[2001:db8::1]:5000 carrier=3',
      'info refused id=1 reason=connection-refused at=proxy why=unreachable target=secret.example:443 detail="secret.example:443 refused"',
      'info refused id=1 reason=general-failure detail="before it named a target"',
      'debug closed id=1 target=secret.example:443 up=10 down=20 ms=30 error=ECONNRESET',
      'debug closed id=1 up=0 down=0 ms=1',
    ]);
  });
});

describe('events as JSON', () => {
  it('at the default level are those of the program, not those of connections', () => {
    expect(written('info')).toEqual(events.slice(7, -7));
  });

  it('at level debug are all, with targets as text', () => {
    expect(written('debug')).toEqual([
      events[0],
      { event: 'granted', id: 1, target: 'secret.example:443', bound: '[2001:db8::1]:5000', carrier: 3 },
      { ...events[2], target: 'secret.example:443' },
      events[3],
      { ...events[4], target: 'secret.example:443' },
      ...events.slice(5, -3),
      { event: 'bound', id: 3, target: 'secret.example:443', bound: '[2001:db8::1]:5000' },
      { event: 'associated', id: 4, bound: '[2001:db8::1]:5000' },
      ...events.slice(-1),
    ]);
  });
});
