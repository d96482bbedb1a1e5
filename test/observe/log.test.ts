import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createLog,
  type Log,
  type LogFields,
  logLevels,
  type LogSettings,
  wantsColor,
} from '../../shared/observe/log.js';

function collect(settings: Partial<LogSettings> = {}): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    format: 'text',
    color: false,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    write: (line) => lines.push(line),
    ...settings,
  });
  return { log, lines };
}

const nasty = [
  '\n{"level":"error"}',
  '\u001b[2J',
  '<img src=x onerror=1>',
  '\u202egnp.exe',
  '\u0085',
  '\u2028',
  '\ud800',
  '\r',
  '\0',
];
/** Everything that may move a cursor, end a line or turn the reading direction. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u;

describe('a log line', () => {
  it('as text has time, level, message and fields', () => {
    const { log, lines } = collect();
    log.info('refused', { id: 7, reason: 'timed-out', target: undefined, quick: false });
    expect(lines).toEqual(['2026-01-02T03:04:05.006Z info refused id=7 reason=timed-out quick=false']);
  });

  it('as text quotes what would blur the border of a field', () => {
    const { log, lines } = collect();
    log.warn('m', { a: 'two words', b: 'x=y', c: '', d: 'say "hi"' });
    expect(lines).toEqual(['2026-01-02T03:04:05.006Z warn m a="two words" b="x=y" c="" d="say \\"hi\\""']);
  });

  it('as JSON is one object', () => {
    const { log, lines } = collect({ format: 'json' });
    log.error('refused', { id: 7, target: undefined });
    expect(lines).toEqual(['{"time":"2026-01-02T03:04:05.006Z","level":"error","message":"refused","id":7}']);
  });

  it.each(nasty)('is one harmless line even with %j in it', (text) => {
    for (const format of ['text', 'json'] as const) {
      const { log, lines } = collect({ format });
      log.info(text, { field: text });
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toMatch(unsafe);
    }
  });

  it('as JSON gives back whatever text was put in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { log, lines } = collect({ format: 'json' });
        log.info(text, { field: text });
        expect(lines[0]).not.toMatch(unsafe);
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: text, field: text });
      }),
    );
  });

  it('has colour around the level only, and only when asked', () => {
    const { log, lines } = collect({ color: true });
    log.error('m');
    expect(lines).toEqual(['2026-01-02T03:04:05.006Z \u001b[31merror\u001b[0m m']);
  });
});

describe('a level', () => {
  it.each(logLevels)('%s includes what is more urgent and nothing else', (level) => {
    const { log, lines } = collect({ level });
    for (const each of logLevels) log[each](each);
    expect(lines.map((line) => line.split(' ')[1])).toEqual(logLevels.slice(0, logLevels.indexOf(level) + 1));
  });

  it('does not look at fields that nobody will read', () => {
    const { log } = collect({ level: 'error' });
    const fields = new Proxy<LogFields>({}, { ownKeys: () => expect.fail('looked') });
    log.debug('m', fields);
  });
});

describe('colour', () => {
  it('is for terminals, unless declined', () => {
    expect(wantsColor({ isTTY: true }, {})).toBe(true);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
    expect(wantsColor({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColor({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(wantsColor({}, {})).toBe(false);
  });
});
