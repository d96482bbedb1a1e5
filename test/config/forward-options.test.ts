import { describe, expect, it } from 'vitest';
import { type ForwardOptions, readForwardOptions } from '../../shared/config/forward-options.js';
import { complaint, type Unchecked } from '../support/options.js';

const loopback = { host: '127.0.0.1', port: 8000 };
const target = { host: 'example.com', port: 80 };

describe('the options of forwards', () => {
  it('are a map or a list, which mean the same', () => {
    const wanted = {
      forwards: [
        { from: loopback, to: target, transport: 'tcp', via: [] },
        { from: { host: '', port: 53 }, to: { host: '9.9.9.9', port: 53 }, transport: 'udp', via: [] },
        { from: { path: '/run/x.sock' }, to: { path: './y.sock' }, transport: 'tcp', via: [] },
      ],
    };
    const map = { '8000': 'example.com:80', ':53/udp': { to: '9.9.9.9:53' }, '/run/x.sock': './y.sock' };
    const list = [
      { from: 8000, to: 'example.com:80' },
      { from: ':53/udp', to: '9.9.9.9:53' },
      { from: '/run/x.sock', to: './y.sock' },
    ];
    expect(readForwardOptions({ forwards: map })).toEqual(wanted);
    expect(readForwardOptions({ forwards: list })).toEqual(wanted);
  });

  it('say the way of each, or of all that do not', () => {
    const { forwards, timeouts } = readForwardOptions({
      forwards: {
        '1': 'a:1',
        '2': { to: 'b:2', via: 'direct' },
        '3': { to: 'c:3', via: ['http://near:1', 'socks5://far:2'] },
      },
      via: 'socks5://only:9',
      timeouts: { idleMs: 5 },
    });
    expect(forwards.map(({ via = [] }) => via.map(({ name }) => name))).toEqual([
      ['socks5://only:9'],
      [],
      ['http://near:1', 'socks5://far:2'],
    ]);
    expect(timeouts).toEqual({ idleMs: 5 });
  });

  it.each<readonly [string, Unchecked]>([
    ['options: expected an object, got null', null as unknown as Unchecked],
    ['forwards: expected one, got none', {}],
    ['forwards: expected at least one, got none', { forwards: {} }],
    ['forwards: expected an object or an array, got something else', { forwards: 8000 }],
    ['forwards["8000"]: expected HOST:PORT', { forwards: { '8000': 'example.com' } }],
    ['forwards["80000"]: expected', { forwards: { '80000': 'a:1' } }],
    ['forwards[0]: expected a place, got a URI', { forwards: { 'socks5://me:geheim@a:1': 'a:1' } }],
    ['forwards["1"].to: expected one, got none', { forwards: { '1': {} } }],
    ['forwards["1/udp"]: expected HOST:PORT for UDP', { forwards: { '1/udp': '/x' } }],
    ['forwards[1].from: expected one, got none', { forwards: [{ from: 1, to: 'a:1' }, { to: 'a:1' }] }],
    ['forwards[0].vai: expected a name of an option', { forwards: [{ from: 1, to: 'a:1', vai: 'x' }] }],
    [
      'forwards["1"].via: expected one of',
      { forwards: { '1': { to: 'a:1', via: 'scks5://me:geheim@x:1' } } },
    ],
    ['via: expected direct or the URIs', { forwards: { '1': 'a:1' }, via: ['direct', 'socks5://x:1'] }],
    ['via: expected the URI of a proxy', { forwards: { '1': 'a:1' }, via: [] }],
    ['via: expected the URI of a proxy', { forwards: { '1': 'a:1' }, via: 7 }],
    ['timeouts.idleMs: expected', { forwards: { '1': 'a:1' }, timeouts: { idleMs: -1 } }],
    ['forward 127.0.0.1:1: expected another place', { forwards: { '1': 'a:1', '127.0.0.1:1': 'b:1' } }],
    ['forward 127.0.0.1:1: expected another target', { forwards: { '1': '127.0.0.1:1' } }],
  ])('that cannot be used are a ConfigError: %s', (beginning, options) => {
    const message = complaint(() => readForwardOptions(options as unknown as ForwardOptions));
    expect(message.startsWith(beginning), message).toBe(true);
  });
});
