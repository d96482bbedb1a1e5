import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HookEvent } from '../../shared/hooks/hook.js';
import { informerHook, type InformerForm } from '../../shared/hooks/informer.js';
import { widthOf } from '../../shared/observe/columns.js';
import { cameFacts, lifeEvents, openFacts } from '../support/hook-events.js';

/** What the informer says of these. */
function told(
  events: readonly HookEvent[],
  form: InformerForm,
  look: { readonly color?: true; readonly whole?: true } = {},
): readonly string[] {
  const lines: string[] = [];
  const { on = {} } = informerHook({ form, color: false, write: (line) => lines.push(line), ...look });
  for (const event of events) on[event.event]?.(event as never);
  return lines;
}

const closed = lifeEvents.find((event) => event.event === 'closed') as Extract<
  HookEvent,
  { readonly event: 'closed' }
>;

const cameAddresses =
  '127.0.0.1:53412       → 127.0.0.1:8000        → -                     → -                     -';

describe('the informer', () => {
  it('tells the life of a connection in short lines', () => {
    expect(told(lifeEvents, 'compact')).toEqual([
      '09:07:10.123      started forward on 127.0.0.1:8000, [::1]:8000',
      '09:07:15.123   12 came    127.0.0.1:53412 → 8000',
      '09:07:15.124   12 asks    127.0.0.1:53412 → 8000 → example.com:443',
      '09:07:15.150   12 dialed  127.0.0.1:53412 → 8000·41022 → example.com:443  26 ms',
      '09:07:15.151   12 first   127.0.0.1:53412 → 8000·41022 → example.com:443  28 ms',
      '09:07:15.177   12 first   127.0.0.1:53412 ← 8000·41022 ← example.com:443  54 ms',
      '09:07:15.200      tick    1 open, ↑78 B ↓1.6 kB in all',
      '09:07:15.301   12 closed  127.0.0.1:53412 – 8000·41022 – example.com:443  ↑78 B ↓1.6 kB, target: end',
      '09:07:15.423   13 error   example.com:443  connection-refused: connect ECONNREFUSED 203.0.113.9:443',
      '09:07:24.123      stopped forward',
    ]);
  });

  it('tells everything in columns', () => {
    const addresses =
      '127.0.0.1:53412       → 127.0.0.1:8000        → 192.0.2.4:41022       → 203.0.113.9:443';
    const lines = told(lifeEvents, 'wide');
    expect(lines.filter((_, at) => [1, 3, 6].includes(at))).toEqual([
      `2026-11-20T09:07:15.123Z    12 forward tcp accepted   -               ${cameAddresses}`,
      `2026-11-20T09:07:15.150Z    12 forward tcp dialed     connect         ${addresses}       example.com:443              26 ms`,
      '2026-11-20T09:07:15.200Z                   tick       1 open, ↑78 B ↓1.6 kB in all',
    ]);
    expect(lines.find((line) => line.includes('closed'))).toBe(
      `2026-11-20T09:07:15.301Z    12 forward tcp closed     connect         ${addresses.replaceAll('→', '–')}       ` +
        'example.com:443              ↑    78 B in     78 B out      0 B lost ' +
        '↓  1.6 kB in   1.6 kB out      0 B lost by target    end 178 ms',
    );
  });

  it('tells programs each event as an object', () => {
    expect(told(lifeEvents, 'json').map((line) => JSON.parse(line) as unknown)).toEqual(
      (JSON.parse(JSON.stringify(lifeEvents)) as object[]).map((event) => ({ hook: 'informer', ...event })),
    );
    for (const line of told(lifeEvents, 'json')) expect(line).toMatch(/^\{"hook":"informer","event":/);
  });

  it('tells reasons to their end where no terminal is too narrow for them', () => {
    const message = `${'socks5://proxy.example:1080: '.repeat(4)}expected a connection, got ECONNREFUSED`;
    const error: HookEvent = { event: 'error', at: 0, connection: openFacts, code: 'x', message };
    const both: readonly HookEvent[] = [
      error,
      { event: 'error', at: 0, code: 'x', message },
      { ...closed, why: message },
    ];
    for (const line of told(both, 'compact', { whole: true })) expect(line).toContain(message);
    for (const line of told(both, 'compact')) expect(line).toMatch(/…$/);
  });

  it('says what was lost, and who broke it', () => {
    const lost: HookEvent = {
      ...closed,
      down: { received: 5_000_000, sent: 4_000_000, unsent: 1_000_000 },
      by: 'client',
      why: 'ECONNRESET',
    };
    const [line] = told([lost], 'compact');
    expect(line).toContain('↑78 B ↓4.0 MB −1.0 MB, client: ECONNRESET');
    expect(told([lost], 'wide')[0]).toContain(
      '↓  5.0 MB in   4.0 MB out   1.0 MB lost by client    ECONNRESET',
    );
  });

  it('colours words when it is asked to, and nothing else', () => {
    const [plain] = told([closed], 'compact');
    const [colored] = told([closed], 'compact', { color: true });
    expect(colored).toContain('\u001b[33mclosed \u001b[0m');
    expect(colored?.replaceAll(/\u001b\[\d*m/g, '')).toBe(plain);
    expect(told(lifeEvents, 'json', { color: true }).join('')).not.toContain('\u001b');
  });

  it('tells of a tick only when anything has moved', () => {
    const tick = (second: number, open: number, up: number): HookEvent => ({
      event: 'tick',
      at: second * 1000,
      open,
      up,
      down: 0,
    });
    const ticks = [tick(1, 0, 0), tick(2, 1, 0), tick(3, 1, 0), tick(4, 1, 9), tick(5, 0, 9), tick(6, 0, 9)];
    expect(told(ticks, 'json').map((line) => (JSON.parse(line) as HookEvent).at)).toEqual([2000, 4000, 5000]);
  });

  it('lets no name move the cursor or begin a line', () => {
    const hostile = 'a\r\n\u001b[2Jb\u202e.example';
    const facts = { ...openFacts, user: hostile, target: { host: hostile, port: 80 } };
    const events: readonly HookEvent[] = [
      { event: 'requested', at: 0, connection: facts },
      { event: 'error', at: 0, connection: facts, code: 'x', message: hostile },
      { event: 'started', at: 0, role: 'forward', listen: [hostile] },
    ];
    for (const form of ['compact', 'wide', 'json'] as const) {
      for (const line of told(events, form)) {
        expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
        expect(line).toContain('\\u001b');
      }
    }
  });

  it('names a client at a unix socket, and the socket', () => {
    const client = { local: { host: '/run/user/0/web.sock', port: 0 }, remote: { host: '', port: 0 } };
    const [line] = told([{ event: 'accepted', at: 0, connection: { ...cameFacts, client } }], 'compact');
    expect(line).toBe('00:00:00.000   12 came    unix → web.sock');
  });

  it('never needs more than 100 columns in its compact form', () => {
    const place = fc.record({ host: fc.string({ unit: 'grapheme', maxLength: 255 }), port: fc.nat(65535) });
    const ends = fc.record({ local: place, remote: place });
    const count = fc.maxSafeNat();
    const flow = fc.record({ received: count, sent: count, unsent: count });
    fc.assert(
      fc.property(ends, ends, place, flow, flow, fc.string(), (client, far, target, up, down, why) => {
        const connection = { ...openFacts, client, far, target };
        const [line = ''] = told([{ ...closed, connection, up, down, why }], 'compact');
        expect(widthOf(line)).toBeLessThanOrEqual(100);
      }),
    );
  });
});
