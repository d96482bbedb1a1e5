import { describe, expect, it } from 'vitest';
import { UsageError } from '../../shared/config/exit.js';
import { readForwardFlags, readForwards, typedForwards } from '../../shared/config/forward-flags.js';
import { ConfigError } from '../../shared/errors.js';

const far = { host: 'example.com', port: 80 };

describe('what is typed', () => {
  it('is FROM and TO, and what stands behind each -L', () => {
    expect(typedForwards('8000', 'example.com:80', ['*:53:[::1]:53/udp', './x:/y'])).toEqual([
      { from: '8000', to: 'example.com:80' },
      { from: ':53/udp', to: '[::1]:53' },
      { from: './x', to: '/y' },
    ]);
    expect(typedForwards(undefined, undefined, ['8000:a:1'])).toHaveLength(1);
  });

  it('is not FROM alone', () => {
    expect(() => typedForwards('8000', undefined)).toThrow(UsageError);
  });

  it('is told of at once where it cannot be read', () => {
    try {
      typedForwards('80x', 'a:1', ['8000:a:1', '8001:a']);
      expect.unreachable();
    } catch (error) {
      const { message, others } = error as ConfigError;
      expect(message).toMatch(/^forward from: expected PORT, .*, got "80x"$/);
      expect(others.map((each) => each.message)).toEqual([expect.stringMatching(/^-L 8001:a: expected /)]);
    }
  });
});

describe('the forwards of a command', () => {
  it('go the way that is named for all, unless they name their own', () => {
    const via = ['socks5://user:canary@a:1'];
    const { forwards } = readForwardFlags({
      via,
      forwards: [
        { from: '8000', to: 'example.com:80' },
        { from: '8001', to: 'example.com:80', via: ['direct'] },
        { from: '8002', to: 'example.com:80', via: ['http://b:2', 'socks5://c:3'] },
      ],
    });
    expect(forwards.map((rule) => rule.via?.map(({ name }) => name))).toEqual([
      ['socks5://user:***@a:1'],
      [],
      ['http://b:2', 'socks5://c:3'],
    ]);
    expect(forwards[0]).toMatchObject({ from: { host: '127.0.0.1', port: 8000 }, to: far, transport: 'tcp' });
  });

  it('leave their way open when nobody names one', () => {
    const [rule] = readForwardFlags({ forwards: [{ from: '8000', to: 'example.com:80' }] }).forwards;
    expect(rule).not.toHaveProperty('via');
  });

  it('are one at least', () => {
    expect(() => readForwardFlags({})).toThrow(UsageError);
    expect(() => readForwardFlags({ via: ['socks5://a:1'] })).toThrow(
      'expected FROM and TO, -L, or forwards',
    );
  });

  it('have a place each, and lead somewhere else', () => {
    const twice = [
      { from: '8000', to: 'a:1' },
      { from: '127.0.0.1:8000', to: 'b:1' },
    ];
    expect(() => readForwardFlags({ forwards: twice })).toThrow(ConfigError);
    const itself = [{ from: '8000', to: 'localhost:8000' }];
    expect(() => readForwardFlags({ forwards: itself })).toThrow('expected another target than itself');
    expect(() => readForwardFlags({ forwards: itself, via: ['direct'] })).toThrow(ConfigError);
    expect(() => readForwardFlags({ forwards: itself, via: ['socks5://a:1'] })).not.toThrow();
  });

  it('of a local may lead to its own port at the remote', () => {
    const itself = [{ from: '8000', to: '127.0.0.1:8000' }];
    expect(() => readForwards(itself, {})).not.toThrow();
    expect(() => readForwards([{ from: '8000', to: '127.0.0.1:8000', via: ['direct'] }], {})).toThrow(
      ConfigError,
    );
  });

  it('say which of them has a way that cannot be used, without its secret', () => {
    const forwards = [{ from: '8000', to: 'a:1', via: ['sox://user:canary@a:1'] }];
    expect(() => readForwardFlags({ forwards })).toThrow(
      /^forward 127.0.0.1:8000: expected one of (?!.*canary)/,
    );
  });
});
