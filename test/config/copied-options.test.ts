import { describe, expect, it } from 'vitest';
import { readLocalOptions } from '../../shared/config/local-options.js';
import { readGrace } from '../../shared/config/options.js';
import { readRemoteOptions } from '../../shared/config/remote-options.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { complaint, knownKey, type Unchecked } from '../support/options.js';

const server = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(knownKey)}@remote.example:8388`;

function remote(options: object): ReturnType<typeof readRemoteOptions>['settings'] {
  return readRemoteOptions(options, systemEnvironment).settings;
}

describe('options', () => {
  it('that an object has from its prototype are heard, and checked', () => {
    expect(remote(Object.create({ allowPrivate: true }) as object)).toMatchObject({ allowPrivate: true });
    expect(complaint(() => remote(Object.create({ allowPrivate: 'false' }) as object))).toBe(
      'allowPrivate: expected true or false, got a string',
    );
  });

  it('that a class reads by getters are heard, and checked', () => {
    class Settings {
      readonly #place: unknown;
      constructor(place: unknown) {
        this.#place = place;
      }
      get listen(): unknown {
        return this.#place;
      }
      restart(): unknown {
        return this.#place;
      }
    }
    expect(remote(new Settings('127.0.0.1:0'))).toMatchObject({ listen: { host: '127.0.0.1', port: 0 } });
    expect(complaint(() => remote(new Settings(true)))).toMatch(/^listen: expected a string/);
  });

  it('are not heard when every object has them', () => {
    const everywhere = Object.prototype as { allowPrivate?: unknown };
    everywhere.allowPrivate = true;
    try {
      expect(remote({ listen: 0 })).toMatchObject({ allowPrivate: false });
    } finally {
      delete everywhere.allowPrivate;
    }
  });

  it('are read once', () => {
    const answers = [false, 'yes'];
    const options = {
      get allowPrivate() {
        return answers.shift();
      },
    };
    expect(remote(options)).toMatchObject({ allowPrivate: false });
    expect(answers).toEqual(['yes']);
  });

  it('are of no matter once they were read', () => {
    const timeouts = { idleMs: 1000 };
    const credential = { user: 'ann', password: 'geheim' };
    const options = { timeouts, credentials: [credential], allowPlugins: ['obfs-local'] };
    const subscription = 'https://lists.example/';
    const settings = [remote(options), readLocalOptions({ ...options, server, subscription })];
    timeouts.idleMs = -5;
    credential.password = '';
    options.allowPlugins.push('sh');
    for (const each of settings) {
      expect(each.timeouts).toEqual({ idleMs: 1000 });
      expect(each.credentials).toEqual([{ user: 'ann', password: 'geheim' }]);
    }
    expect(settings[1]).toMatchObject({ subscription: { plugins: ['obfs-local'] } });
  });

  const holes: readonly undefined[] = Array<undefined>(1);

  it.each<[Unchecked, string]>([
    [{ users: holes }, 'users: expected an array of strings, got an array'],
    [{ ports: holes }, 'ports[0]: expected an object, got undefined'],
    [{ credentials: holes }, 'credentials[0]: expected an object, got undefined'],
  ])('may have no holes in their lists: %j', (options, message) => {
    expect(complaint(() => remote(options))).toBe(message);
  });

  it('may name no server that is none', () => {
    const options = { server: holes as never };
    expect(complaint(() => readLocalOptions(options))).toBe('server[0]: expected an object, got undefined');
  });
});

describe('a grace', () => {
  it('is none, some ms, or without end', () => {
    const graces = [undefined, {}, { graceMs: 0 }, { graceMs: 2 ** 31 - 1 }, { graceMs: Infinity }];
    expect(graces.map(readGrace)).toEqual([0, 0, 0, 2 ** 31 - 1, Infinity]);
  });

  it.each<[unknown, string]>([
    [{ graceMs: NaN }, 'graceMs: expected ms from 0 to 2147483647, or Infinity, got another number'],
    [{ graceMs: -1 }, 'graceMs: expected ms from 0 to 2147483647, or Infinity, got another number'],
    [{ graceMs: 2 ** 31 }, 'graceMs: expected ms from 0 to 2147483647, or Infinity, got another number'],
    [{ graceMs: '10' }, 'graceMs: expected a number, got a string'],
    [{ graceMS: 1 }, 'graceMS: expected a name of an option, got another one (did you mean graceMs?)'],
    [null, 'options: expected an object, got null'],
    [10, 'options: expected an object, got a number'],
  ])('is nothing else: %j', (options, message) => {
    expect(complaint(() => readGrace(options as never))).toBe(message);
  });
});
