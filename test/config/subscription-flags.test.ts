import { describe, expect, it } from 'vitest';
import { UsageError } from '../../shared/config/exit.js';
import type { FileSettings } from '../../shared/config/file-schema.js';
import { readOurs } from '../../shared/config/file.js';
import { parseJsonFile } from '../../shared/config/file-text.js';
import { layered, tell } from '../../shared/config/layers.js';
import { readLocalFlags } from '../../shared/config/local-flags.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey } from '../support/config.js';

const key = encodeURIComponent(canaryKey);
const uri = `ss://2022-blake3-aes-256-gcm:${key}@h:1`;
const subscription = 'https://a.example/list?token=geheim';
const HALFLIGHT_URI = uri.replace('@h', '@variable');
const HALFLIGHT_SUBSCRIPTION = 'https://variable.example/geheim';

/** The hosts of the servers and of the list. */
async function told(
  named: string | undefined,
  flags: Parameters<typeof readLocalFlags>[1],
  variables: Readonly<Record<string, string>> = {},
): Promise<readonly (string | undefined)[]> {
  const settings = await readLocalFlags(named, flags, variables);
  return [...settings.servers.map((server) => server.uri.host), settings.subscription?.url.hostname];
}

describe('a subscription', () => {
  it('stands alone, or behind servers that are named by the same hand', async () => {
    expect(await told(undefined, { subscription })).toEqual(['a.example']);
    expect(await told(uri, { subscription })).toEqual(['h', 'a.example']);
    expect(await told(undefined, { subscription, servers: [{ uri }, { uri }] })).toEqual([
      'h',
      'h',
      'a.example',
    ]);
    expect(await told(undefined, {}, { HALFLIGHT_SUBSCRIPTION })).toEqual(['variable.example']);
    expect(await told(undefined, {}, { HALFLIGHT_SUBSCRIPTION, HALFLIGHT_URI })).toEqual([
      'variable',
      'variable.example',
    ]);
  });

  it('takes the place of what a variable says, and so does a URI', async () => {
    const variables = { HALFLIGHT_SUBSCRIPTION, HALFLIGHT_URI };
    expect(await told(undefined, { subscription }, variables)).toEqual(['a.example']);
    expect(await told(uri, {}, variables)).toEqual(['h', undefined]);
  });

  it('may name the plugins that are allowed, and is kept where caches are', async () => {
    const settings = await readLocalFlags(
      undefined,
      { subscription, allowPlugin: ['one', 'two'] },
      { XDG_CACHE_HOME: '/caches' },
    );
    expect(settings.subscription).toEqual({
      url: new URL(subscription),
      plugins: ['one', 'two'],
      cacheDirectory: '/caches/halflight',
    });
  });

  it('goes neither with a plugin for one server nor with credentials for a remote', async () => {
    const plugin = readLocalFlags(undefined, { subscription, plugin: 'p' }, {});
    await expect(plugin).rejects.toThrow(UsageError);
    await expect(plugin).rejects.toThrow('--plugin: expected one server, got a subscription');
    const asking = `halflight://2022-blake3-aes-256-gcm:${key}@h:1?auth=remote`;
    await expect(readLocalFlags(asking, { subscription }, {})).rejects.toThrow(
      'servers: expected none with auth=remote beside a subscription',
    );
  });

  it('is refused without its address being shown, and with the name of a variable', async () => {
    const plain = 'http://a.example/geheim';
    const typed = readLocalFlags(undefined, { subscription: plain }, {});
    await expect(typed).rejects.toThrow(ConfigError);
    await expect(typed).rejects.toThrow(/^subscription: expected https:\/\/HOST\/PATH, got http:\/\/(?!a)/);
    const variable = readLocalFlags(undefined, {}, { HALFLIGHT_SUBSCRIPTION: plain });
    await expect(variable).rejects.toThrow(/^HALFLIGHT_SUBSCRIPTION: subscription: expected https:/);
  });

  it('is asked for beside a URI when nothing names a server', async () => {
    await expect(readLocalFlags(undefined, {}, {})).rejects.toThrow(
      'expected a URI as the argument or in HALFLIGHT_URI, or a --subscription, got none',
    );
  });
});

describe('a subscription in a config file', () => {
  const fileOf = (settings: object): Parameters<typeof tell>[0]['file'] => {
    const file = parseJsonFile('local.json', Buffer.from(JSON.stringify(settings)));
    return { file, mode: 0o600, ...readOurs(file, 'local') };
  };
  const layers = (
    typed: FileSettings,
    variables: Readonly<Record<string, string>>,
  ): Parameters<typeof tell>[0] => ({
    role: 'local',
    typed,
    variables,
    file: fileOf({ subscription, servers: [uri] }),
  });

  it.each([
    [{}, {}, { subscription, servers: [{ uri }] }],
    [{ uri }, {}, { uri }],
    [{ subscription: HALFLIGHT_SUBSCRIPTION }, {}, { subscription: HALFLIGHT_SUBSCRIPTION }],
    [{}, { HALFLIGHT_URI }, {}],
    [{}, { HALFLIGHT_SUBSCRIPTION }, {}],
  ])('gives way to other servers: typed %j, variables %j', (typed, variables, expected) => {
    expect(layered(layers(typed, variables))).toEqual(expected);
  });

  it('is shown as its host alone', () => {
    const shown = tell(layers({}, {})).find(({ name }) => name === 'subscription');
    expect(shown).toEqual({ name: 'subscription', value: 'https://a.example/***', from: 'local.json:1' });
    const typed = tell(layers({ subscription }, {})).find(({ name }) => name === 'subscription');
    expect(typed).toMatchObject({ value: 'https://a.example/***', from: '--subscription' });
  });

  it('is refused with its place, and without being shown', () => {
    expect(() => fileOf({ subscription: 'http://a.example/geheim' })).toThrow(
      /^local\.json:1:17 subscription: expected https:\/\/HOST\/PATH, got http:\/\/, which/,
    );
  });
});
