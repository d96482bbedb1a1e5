import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../shared/errors.js';
import {
  listReplies,
  longestRequest,
  pingReplies,
  readManagerRequest,
} from '../../shared/proxy/ss-manager.js';

const read = (text: string): ReturnType<typeof readManagerRequest> => readManagerRequest(Buffer.from(text));

describe('a request to a manager', () => {
  it.each([
    ['ping', { command: 'ping' }],
    ['ping\0', { command: 'ping' }],
    [' ping \n', { command: 'ping' }],
    ['list', { command: 'list' }],
    ['list: {}', { command: 'list' }],
    ['list x', { command: 'list' }],
    ['remove: {"server_port":8001}', { command: 'remove', port: 8001 }],
    ['remove : {"server_port":"8001"}\n\0', { command: 'remove', port: 8001 }],
    ['remove:{"server_port":8001}', { command: 'remove', port: 8001 }],
    [
      'add: {"server_port":8001,"password":"x"}',
      { command: 'add', added: { port: 8001, password: 'x', ignored: [] } },
    ],
    [
      'add: {"server_port":"8001","password":"pä:{","method":"aes-256-gcm","mode":"tcp_only","plugin":"obfs","plugin_opts":"a=b","fast_open":true,"no_delay":false}',
      {
        command: 'add',
        added: {
          port: 8001,
          password: 'pä:{',
          method: 'aes-256-gcm',
          mode: 'tcp_only',
          plugin: 'obfs',
          pluginOptions: 'a=b',
          ignored: ['fast_open', 'no_delay'],
        },
      },
    ],
    [
      'add: {"server_port":8001,"password":"x","plugin":null,"users":[{"name":"ann","password":"y"}]}',
      {
        command: 'add',
        added: { port: 8001, password: 'x', ignored: [], users: [{ name: 'ann', password: 'y' }] },
      },
    ],
  ])('%j is understood', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each(['', '\0', ':', 'hello', 'stat: {"8001":123}\0', 'PING', 'pingx', 'constructor', '{"add":1}'])(
    '%j is not answered',
    (text) => {
      expect(read(text)).toBeUndefined();
    },
  );

  it.each([
    'add',
    'add:',
    'add {"server_port":8001,"password":"x"}',
    'add {"server_port":8001,"password":"x"} : {}',
    'remove {"server_port":8001}',
    'add {"server_port":8001,"password":"x"}'.replace(' ', ': ['),
    'add: []',
    'add: null',
    'add: "x"',
    'add: {"server_port":8001,"password":"x"',
    'add: {"server_port":8001}',
    'add: {"server_port":8001,"password":""}',
    'add: {"server_port":8001,"password":7}',
    'add: {"password":"x"}',
    'add: {"server_port":0,"password":"x"}',
    'add: {"server_port":65536,"password":"x"}',
    'add: {"server_port":-1,"password":"x"}',
    'add: {"server_port":8001.5,"password":"x"}',
    'add: {"server_port":"8001;id","password":"x"}',
    'add: {"server_port":true,"password":"x"}',
    'add: {"server_port":8001,"password":"x","method":7}',
    'add: {"server_port":8001,"password":"x","users":{}}',
    'add: {"server_port":8001,"password":"x","users":[{"name":"ann"}]}',
    'add: {"server_port":8001,"password":"x","users":[null]}',
    'add: {"__proto__":{"server_port":8001,"password":"x"}}',
    'remove',
    'remove: {}',
    'remove: {"server_port":""}',
    `add: ${'['.repeat(30_000)}`,
  ])('%j makes no sense', (text) => {
    expect(() => read(text)).toThrow(ProtocolError);
  });

  it('that is no UTF-8 makes no sense, and one that is too long is not answered', () => {
    const text = Buffer.from('add: {"server_port":8001,"password":"\u00ff"}', 'latin1');
    expect(() => readManagerRequest(text)).toThrow(ProtocolError);
    const padding = ' '.repeat(longestRequest);
    expect(read(`${padding}ping`)).toBeUndefined();
    expect(read(`${padding.slice(4)}ping`)).toEqual({ command: 'ping' });
  });

  it('tells nothing secret when it makes no sense', () => {
    expect(() => read('add: {"server_port":8001,"password":"secret","method":7}')).toThrow(
      /^(?!.*secret).*method/,
    );
  });
});

describe('the answers of a manager', () => {
  it('are those of shadowsocks-libev, byte for byte', () => {
    expect(listReplies([])).toEqual(['[\n]']);
    expect(
      listReplies([
        { port: 18002, password: 'y', method: 'aes-128-gcm' },
        { port: 18001, password: 'zz', method: 'aes-256-gcm' },
      ]),
    ).toEqual([
      '[\n\t{"server_port":"18002","password":"y","method":"aes-128-gcm"},\n\t{"server_port":"18001","password":"zz","method":"aes-256-gcm"}\n]',
    ]);
    expect(pingReplies([])).toEqual(['stat: {}']);
    expect(
      pingReplies([
        [18002, 5],
        [18001, 0],
      ]),
    ).toEqual(['stat: {"18002":5,"18001":0}']);
  });

  it('keep a password what it is, whatever is in it', () => {
    const password = 'a"b\\c\n},{"\u2028ü';
    const [text = ''] = listReplies([{ port: 1, password, method: 'aes-256-gcm' }]);
    expect(JSON.parse(text)).toEqual([{ server_port: '1', password, method: 'aes-256-gcm' }]);
  });

  it('are several datagrams when they are long: a list in parts, counters each by themselves', () => {
    const ports = Array.from({ length: 5000 }, (_, at) => at + 1);
    const list = listReplies(
      ports.map((port) => ({ port, password: 'ü'.repeat(20), method: 'aes-256-gcm' })),
    );
    expect(list.length).toBeGreaterThan(5);
    expect(Math.max(...list.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(32_767);
    expect(JSON.parse(list.join(''))).toHaveLength(5000);
    const stats = pingReplies(ports.map((port) => [port, 1e15]));
    expect(Math.max(...stats.map((text) => text.length))).toBeLessThanOrEqual(32_767);
    const told = stats.map((text) => JSON.parse(text.replace(/^stat: /, '')) as Record<string, number>);
    expect(Object.keys(Object.assign({}, ...told) as object)).toHaveLength(5000);
  });
});
