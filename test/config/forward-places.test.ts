import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkForwards,
  parseForward,
  parseForwardFrom,
  parseForwardTo,
  parseLocalForward,
  parseVia,
} from '../../shared/config/forward-places.js';
import { formatSource } from '../../shared/config/forward-rule.js';
import { ConfigError, messageOf } from '../../shared/errors.js';

const straight = { way: [] };

describe('where a forward listens', () => {
  it.each([
    ['8000', { host: '127.0.0.1', port: 8000 }],
    ['0', { host: '127.0.0.1', port: 0 }],
    ['127.0.0.1:8000', { host: '127.0.0.1', port: 8000 }],
    ['[::1]:8000', { host: '::1', port: 8000 }],
    ['[0:0::1]:8000', { host: '::1', port: 8000 }],
    [':8000', { host: '', port: 8000 }],
    ['localhost:8000/tcp', { host: 'localhost', port: 8000 }],
    ['/run/x.sock', { path: '/run/x.sock' }],
    ['unix:/run/x.sock', { path: '/run/x.sock' }],
    ['unix:///run/x.sock', { path: '/run/x.sock' }],
    ['./x.sock', { path: './x.sock' }],
    ['../1/udp', { path: '../1/udp' }],
  ])('%s is read', (text, from) => {
    expect(parseForwardFrom(text)).toEqual({ from, transport: 'tcp' });
  });

  it('is for UDP where that stands behind the port', () => {
    expect(parseForwardFrom('5353/udp')).toEqual({
      from: { host: '127.0.0.1', port: 5353 },
      transport: 'udp',
    });
    expect(parseForwardFrom('[::1]:53/UDP').transport).toBe('udp');
  });

  it.each([
    ['', 'expected PORT, HOST:PORT, [IPv6]:PORT, :PORT or a path like /x.sock or ./x.sock, got ""'],
    ['65536', 'expected PORT, HOST:PORT, [IPv6]:PORT, :PORT or a path like /x.sock or ./x.sock, got "65536"'],
    [
      'db.sock',
      'expected PORT, HOST:PORT, [IPv6]:PORT, :PORT or a path like /x.sock or ./x.sock, got "db.sock"',
    ],
    [
      'me:secret@host',
      'expected PORT, HOST:PORT, [IPv6]:PORT, :PORT or a path like /x.sock or ./x.sock, got something else',
    ],
    ['127.0.0.1:65536', 'expected a port from 0 to 65535, got "65536"'],
    ['::1:80', 'expected PORT, HOST:PORT'],
    ['8000/sctp', 'expected PORT, HOST:PORT'],
    ['*:8000', 'expected'],
    ['unix:', 'expected a path, got none'],
    [`/${'x'.repeat(107)}`, 'expected a path of at most 107 bytes, got 108'],
    ['/a\0b', 'expected a path without a NUL character'],
  ])('is refused as %j', (text, why) => {
    expect(() => parseForwardFrom(text)).toThrow(ConfigError);
    expect(() => parseForwardFrom(text)).toThrow(`forward from: ${why}`);
  });
});

describe('where a forward leads', () => {
  it.each([
    ['example.com:80', { host: 'example.com', port: 80 }],
    ['[2001:db8::1]:80', { host: '2001:db8::1', port: 80 }],
    ['/run/y.sock', { path: '/run/y.sock' }],
    ['unix:./y.sock', { path: './y.sock' }],
  ])('%s is read', (text, to) => {
    expect(parseForwardTo(text)).toEqual(to);
  });

  it.each([
    ['80', 'expected HOST:PORT, [IPv6]:PORT or a path like /x.sock or ./x.sock, got "80"'],
    ['example.com', 'expected HOST:PORT, [IPv6]:PORT or a path like /x.sock or ./x.sock, got "example.com"'],
    ['example.com:0', 'expected a port from 1 to 65535, got another'],
    ['example.com:70000', 'expected a port from 1 to 65535, got another'],
    [
      '2001:db8::1:80',
      'expected HOST:PORT, [IPv6]:PORT or a path like /x.sock or ./x.sock, got "2001:db8::1:80"',
    ],
    ['exa mple.com:80', 'expected'],
    ['1.1.1.1:53/udp', 'expected HOST:PORT, got a protocol, which stands where it listens'],
  ])('is refused as %j', (text, why) => {
    expect(() => parseForwardTo(text)).toThrow(`forward to: ${why}`);
  });

  it('is no URI, and that is told without what is in it', () => {
    for (const parse of [parseForwardFrom, parseForwardTo, parseLocalForward]) {
      const message = thrown(() => parse('halflight://m:SECRET@host:1'));
      expect(message).toContain('got a URI: proxies on the way are named by --via');
      expect(message).not.toContain('SECRET');
    }
  });

  it('takes datagrams at a port alone', () => {
    expect(() => parseForward('53/udp', '/run/y.sock')).toThrow(
      'forward to: expected HOST:PORT for UDP, got a unix socket',
    );
  });
});

describe('-L', () => {
  it.each([
    ['8000:example.com:80', '8000', 'example.com:80'],
    ['127.0.0.2:8000:example.com:80', '127.0.0.2:8000', 'example.com:80'],
    ['[::1]:8000:[2001:db8::1]:80', '[::1]:8000', '[2001:db8::1]:80'],
    ['*:8000:[2001:db8::1]:80', ':8000', '[2001:db8::1]:80'],
    [':8000:h:80', ':8000', 'h:80'],
    ['8000:/run/y:z.sock', '8000', '/run/y:z.sock'],
    ['8000:/run/1/udp', '8000', '/run/1/udp'],
    ['8000:unix:/run/y.sock', '8000', '/run/y.sock'],
    ['localhost:8000:/run/y.sock', 'localhost:8000', '/run/y.sock'],
    ['/run/x.sock:example.com:80', '/run/x.sock', 'example.com:80'],
    ['unix:/run/x.sock:example.com:80', '/run/x.sock', 'example.com:80'],
    ['/run/x.sock:/run/y.sock', '/run/x.sock', '/run/y.sock'],
    ['./x.sock:./y.sock', './x.sock', './y.sock'],
    ['5353:1.1.1.1:53/udp', '5353/udp', '1.1.1.1:53'],
    ['[::1]:5353:[2001:db8::1]:53/udp', '[::1]:5353/udp', '[2001:db8::1]:53'],
    ['8000:example.com:80/tcp', '8000', 'example.com:80'],
  ])('%s is FROM and TO in one', (text, from, to) => {
    expect(parseLocalForward(text)).toEqual(parseForward(from, to));
  });

  it.each([
    ['', 'expected [BIND:]PORT:HOST:PORT'],
    ['8000', 'expected [BIND:]PORT:HOST:PORT'],
    ['8000:', 'expected [BIND:]PORT:HOST:PORT'],
    ['8000:80', 'expected [BIND:]PORT:HOST:PORT'],
    ['example.com:80', 'expected [BIND:]PORT:HOST:PORT'],
    ['a:b:c:d:e', 'expected [BIND:]PORT:HOST:PORT'],
    ['/run/x.sock', 'expected [BIND:]PORT:HOST:PORT'],
    ['/run/x.sock:1:h:80', 'expected [BIND:]PORT:HOST:PORT'],
    ['8000:2001:db8::1:80', 'expected [BIND:]PORT:HOST:PORT'],
    ['8000:[::1:80', 'expected [BIND:]PORT:HOST:PORT'],
    ['8000:h:99999', 'expected a port from 1 to 65535'],
    [
      '99999:h:80',
      'expected PORT, HOST:PORT, [IPv6]:PORT, :PORT or a path like /x.sock or ./x.sock, got "99999"',
    ],
    ['5353/udp:1.1.1.1:53', 'expected /tcp or /udp behind the last port, got it elsewhere'],
    ['/run/x.sock:1.1.1.1:53/udp', 'expected HOST:PORT for UDP, got a unix socket'],
  ])('is refused as %j', (text, why) => {
    expect(() => parseLocalForward(text)).toThrow(ConfigError);
    expect(() => parseLocalForward(text)).toThrow(`-L ${text}: ${why}`);
  });

  it('is not shown where it may have a secret in it', () => {
    for (const text of ['8000:me:secret@host:80:1', `8000:${'s'.repeat(80)}`]) {
      expect(() => parseLocalForward(text)).toThrow(/^-L: expected/);
    }
  });

  it('never fails otherwise than by saying what it expected', () => {
    const mark = fc.constantFrom(
      ':',
      '/',
      '[',
      ']',
      '*',
      '.',
      '8000',
      'h',
      'unix:',
      '/udp',
      '::1',
      '\0',
      'é',
    );
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 9 }), (marks) => {
        const message = thrown(() => parseLocalForward(marks.join('')));
        expect(message ?? '-L: expected').toMatch(/^-L.*: expected/su);
      }),
    );
  });
});

describe('the way of a forward', () => {
  it('is none where it is direct, and a chain of proxies else', () => {
    expect(parseVia(['direct'])).toEqual([]);
    expect(parseVia(['direct:'])).toEqual([]);
    expect(parseVia(['socks5://a:1', 'http://b:2']).map(({ name }) => name)).toEqual([
      'socks5://a:1',
      'http://b:2',
    ]);
  });

  it('is direct or a proxy', () => {
    expect(() => parseVia(['socks5://a:1', 'direct'])).toThrow(
      'via: expected direct or the URIs of proxies, got both',
    );
  });

  it('is refused without its secret', () => {
    for (const uri of ['socks5://user:SECRET@', 'SECRET', 'sox://SECRET@a:1']) {
      expect(thrown(() => parseVia([uri]))).toMatch(/^via: (?!.*SECRET).*expected/);
    }
  });
});

describe('several forwards', () => {
  const rules = (...texts: readonly string[]) => texts.map(parseLocalForward);

  it.each([
    [['8000:a:1', '8000:b:1'], '127.0.0.1:8000'],
    [['8000:a:1', '127.0.0.1:8000:b:1'], '127.0.0.1:8000'],
    [['127.0.0.1:8000:a:1', '*:8000:b:1'], '127.0.0.1:8000'],
    [['*:8000:a:1', '[::1]:8000:b:1'], ':8000'],
    [['0.0.0.0:8000:a:1', '8000:b:1'], '0.0.0.0:8000'],
    [['[::]:8000:a:1', '8000:b:1'], '[::]:8000'],
    [['localhost:8000:a:1', '8000:b:1'], 'localhost:8000'],
    [['LOCALHOST:8000:a:1', 'localhost:8000:b:1'], 'LOCALHOST:8000'],
    [['53:a:1/udp', '53:b:1/udp'], '127.0.0.1:53/udp'],
    [['/x:a:1', '/x:b:1'], '/x'],
  ])('%j want one place', (texts, first) => {
    const message = thrown(() => {
      checkForwards(rules('7000:z:1', ...texts), straight);
    });
    expect(message).toContain(`expected another place than ${first}, got the same`);
  });

  it.each([
    [['8000:a:1', '8001:a:1']],
    [['0:a:1', '0:a:1']],
    [['53:a:1', '53:a:1/udp']],
    [['127.0.0.1:8000:a:1', '[::1]:8000:a:1', '127.0.0.2:8000:a:1']],
    [['0.0.0.0:8000:a:1', '[::1]:8000:a:1']],
    [['/x:a:1', '/y:a:1']],
  ])('%j have a place each', (texts) => {
    expect(() => {
      checkForwards(rules(...texts), straight);
    }).not.toThrow();
  });

  it.each(['8000:127.0.0.1:8000', '8000:localhost:8000', '*:8000:127.0.0.1:8000', '/x:/x'])(
    '%s would lead to itself',
    (text) => {
      const via = parseVia(['socks5://far:1']);
      expect(() => {
        checkForwards(rules(text), straight);
      }).toThrow('expected another target than itself, got the same');
      expect(() => {
        checkForwards(
          rules(text).map((rule) => ({ ...rule, via })),
          straight,
        );
        checkForwards(rules(text), {});
      }).not.toThrow();
    },
  );

  it('may lead to the port that they have, on another machine', () => {
    expect(() => {
      checkForwards(rules('*:8000:192.0.2.1:8000', '53:127.0.0.2:53/udp'), straight);
    }).not.toThrow();
  });

  it('are all told of at once', () => {
    try {
      checkForwards(rules('1:a:1', '1:a:1', '2:a:1', '2:a:1'), straight);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).others).toHaveLength(1);
    }
  });

  it('are named as they are read', () => {
    for (const text of ['127.0.0.1:53/udp', '[::1]:8000', ':8000', '/run/x.sock']) {
      expect(formatSource(parseForwardFrom(text))).toBe(text);
    }
  });
});

function thrown(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return messageOf(error);
  }
}
