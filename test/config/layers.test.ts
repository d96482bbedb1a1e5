import { describe, expect, it } from 'vitest';
import { understand } from '../../shared/config/file-open.js';
import type { FileSettings } from '../../shared/config/file-schema.js';
import { parseJsonFile } from '../../shared/config/file-text.js';
import { layered, settingsAmong, tell } from '../../shared/config/layers.js';
import type { Variables } from '../../shared/config/variables.js';
import { canaryKey } from '../support/config.js';
import type { Role } from '../../shared/observe/events.js';

interface Said {
  readonly role?: Role;
  readonly typed?: FileSettings;
  readonly variables?: Variables;
  readonly file?: object;
}

function layers({ role = 'remote', typed = {}, variables = {}, file }: Said) {
  const bytes = Buffer.from(JSON.stringify(file ?? {}, undefined, 1));
  const config =
    file === undefined
      ? undefined
      : understand({ file: parseJsonFile('/x.json', bytes), mode: 0o600 }, role, variables);
  return { role, typed, variables, file: config };
}

const together = (said: Said): FileSettings => layered(layers(said));

/** Value and source of one setting. */
function told(name: string, said: Said): string {
  const found = tell(layers(said)).find((each) => each.name === name);
  return `${found?.value} from ${found?.from}`;
}

describe('flags, variables and a file', () => {
  it('are heard together', () => {
    expect(together({ typed: { listen: ':1' }, file: { udp: false } })).toEqual({ listen: ':1', udp: false });
  });

  it('a flag wins over the file, in both directions', () => {
    expect(together({ typed: { udp: true }, file: { udp: false } })).toEqual({ udp: true });
    expect(together({ typed: { allowBind: false }, file: { allowBind: true } })).toEqual({
      allowBind: false,
    });
  });

  it('a key that was typed leaves no other secret of the file, which would contradict it', () => {
    expect(together({ typed: { keyFile: '/k' }, file: { key: canaryKey } })).toEqual({ keyFile: '/k' });
    expect(together({ typed: { key: 'typed' }, file: { keyFile: 'k' } })).toEqual({ key: 'typed' });
  });

  it('a variable wins over the file, and is left to whoever reads variables', () => {
    expect(together({ variables: { HALFLIGHT_KEY: 'x' }, file: { keyFile: '/k', udp: true } })).toEqual({
      udp: true,
    });
    expect(together({ variables: { HALFLIGHT_AUTH: 'a:b' }, file: { auth: ['c:d'] } })).toEqual({});
    const file = { uri: `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h` };
    expect(together({ role: 'local', variables: { HALFLIGHT_URI: 'x' }, file })).toEqual({});
  });

  it('a plugin in a file is for the URI in it, and for no other', () => {
    const uri = 'ss://aes-256-gcm:x@h:1';
    const file = { uri, plugin: 'stored' };
    expect(together({ role: 'local', file })).toEqual(file);
    expect(together({ role: 'local', typed: { plugin: 'typed' }, file })).toEqual({ uri, plugin: 'typed' });
    expect(together({ role: 'local', typed: { uri: 'ss://y' }, file })).toEqual({ uri: 'ss://y' });
    expect(together({ role: 'local', variables: { HALFLIGHT_URI: uri }, file })).toEqual({});
  });

  it('an empty variable says nothing', () => {
    expect(together({ variables: { HALFLIGHT_KEY: ' ' }, file: { keyFile: '/k' } })).toEqual({
      keyFile: '/k',
    });
  });

  it('forwards of both are there, and one that was typed takes the place of that in the file', () => {
    const role = 'forward';
    const file = {
      forwards: { '8000': 'a:1', '5353/udp': 'a:2', '/run/x.sock': 'a:3', '127.0.0.1:0': 'a:4' },
    };
    const typed = (...forwards: NonNullable<FileSettings['forwards']>): FileSettings => ({ forwards });
    const froms = (said: FileSettings): unknown =>
      together({ role, typed: said, file }).forwards?.map(({ from, to }) => `${from} ${to}`);
    const [a8000, a5353, unix, any] = ['8000 a:1', '5353/udp a:2', '/run/x.sock a:3', '127.0.0.1:0 a:4'];
    expect(froms(typed({ from: '9000', to: 'b:1' }))).toEqual(['9000 b:1', a8000, a5353, unix, any]);
    for (const from of ['8000', '127.0.0.1:8000', 'localhost:8000/tcp', ':8000']) {
      expect(froms(typed({ from, to: 'b:1' }))).toEqual([`${from} b:1`, a5353, unix, any]);
    }
    expect(
      froms(typed({ from: '[::1]:8000', to: 'b:1' }, { from: '/run/../run/x.sock', to: 'b:2' })),
    ).toEqual(['[::1]:8000 b:1', '/run/../run/x.sock b:2', a8000, a5353, any]);
    expect(froms(typed({ from: '0', to: 'b:1' }))).toHaveLength(5);
    expect(froms({})).toHaveLength(4);
  });

  it('only what is a setting is taken from the flags of a command', () => {
    expect(settingsAmong({ listen: ':1', config: 'x', udp: undefined, toString: 1 })).toEqual({
      listen: ':1',
    });
  });
});

describe('what is told of a setting', () => {
  it('is who said it: a flag, a variable, a line of the file, or nobody', () => {
    expect(told('listen', { typed: { listen: ':1' } })).toBe(':1 from --listen');
    expect(told('udp', { typed: { udp: false } })).toBe('false from --no-udp');
    expect(told('keyFile', { typed: { keyFile: '/k' } })).toBe('/k from --key-file');
    expect(told('key', { variables: { HALFLIGHT_KEY: canaryKey } })).toBe('*** from HALFLIGHT_KEY');
    expect(told('publicHost', { file: { udp: true, publicHost: 'h.example' } })).toBe(
      'h.example from /x.json:3',
    );
    expect(told('listen', {})).toBe(':8388 from default');
    expect(told('listen', { role: 'local' })).toBe('127.0.0.1:1080 from default');
  });

  it('is all who said a part of it', () => {
    const said = (from: string): Said => ({
      role: 'forward',
      typed: { forwards: [{ from, to: 'b:1' }] },
      file: { forwards: { '8000': 'a:1' } },
    });
    expect(told('forwards', said('9000'))).toBe('9000 → b:1, 8000 → a:1 from argument, /x.json:2');
    expect(told('forwards', said(':8000'))).toBe(':8000 → b:1 from argument');
  });

  it('is no rival of what holds', () => {
    const said = { typed: { keyFile: '/k' }, variables: { HALFLIGHT_KEY: 'x' }, file: { key: canaryKey } };
    expect(told('key', said)).toBe('none from default');
    expect(told('keyFile', said)).toBe('/k from --key-file');
  });

  it('shows no secret', () => {
    const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h.example:1`;
    expect(told('uri', { role: 'local', typed: { uri } })).toBe(
      'halflight://2022-blake3-aes-256-gcm:***@h.example:1 from argument',
    );
    expect(told('auth', { file: { auth: ['ann:one:two', 'bob:three'] } })).toBe(
      'ann:***, bob:*** from /x.json:2',
    );
    const plugged = 'ss://aes-256-gcm:geheim@h:1/?plugin=x%3Bpassword%3Dgeheim';
    expect(told('uri', { role: 'local', typed: { uri: plugged } })).not.toContain('geheim');
    expect(told('plugin', { file: { plugin: 'x;password=geheim' } })).toBe('x;*** from /x.json:2');
    expect(told('password', { file: { method: 'aes-256-gcm', password: 'geheim' } })).toBe(
      '*** from /x.json:3',
    );
  });
});
