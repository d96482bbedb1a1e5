import { describe, expect, it } from 'vitest';
import { UsageError } from '../../shared/config/exit.js';
import { readLocalFlags } from '../../shared/config/local-flags.js';
import { readPastedUri } from '../../shared/config/pasted.js';
import { formatServerUri, parseServerUri } from '../../shared/config/uri.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey, messageOf } from '../support/config.js';

const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h:1#a`;
const shadowsocks = uri.replace('halflight', 'ss');

describe('a pasted URI', () => {
  it.each([
    [uri],
    [shadowsocks],
    [` ${uri}\n`],
    [`'${uri}'`],
    [`"${uri}"`],
    [`\t' ${uri} '\r\n`],
    [`${uri}/ss://b`],
  ])('%j is read without what surrounds it', (text) => {
    expect(readPastedUri(text)).toMatchObject({ secret: canaryKey, host: 'h', port: 1 });
  });

  it.each([`'${uri}`, `''${uri}''`, `'${uri}"`])('%j is not, because it is no pair of quotes', (text) => {
    expect(() => readPastedUri(text)).toThrow('URI: expected');
  });

  it.each([`npx halflight local '${uri}'`, `halflight local ${shadowsocks}`, `HALFLIGHT_URI='${uri}'`])(
    'in the line %j is asked for alone, and not shown',
    (text) => {
      const message = messageOf(() => readPastedUri(text));
      expect(message).toContain('ConfigError: URI: expected only the URI, got words before it: pass only');
      expect(message).not.toContain(encodeURIComponent(canaryKey).slice(0, 12));
    },
  );

  it('of another scheme that ends like ours is told that scheme', () => {
    expect(() => readPastedUri('wss://example.com')).toThrow('expected halflight:// or ss://, got wss://');
  });

  it.each(['halflight://2022-blake3-aes-256-gcm:***@h:1', 'ss://aes-256-gcm:***@h:1'])(
    '%s has stars where the key should be, and the error says so',
    (text) => {
      expect(() => readPastedUri(text)).toThrow('got ***: put the key where *** stands');
    },
  );

  it.each(['::1', '::1:8388', '2001:db8::7'])('with the host %s asks for brackets', (host) => {
    expect(() => readPastedUri(uri.replace('h:1', host))).toThrow(
      'got an IPv6 address without brackets: put it in brackets',
    );
  });
});

describe('the URI of a local', () => {
  const other = uri.replace('@h:1', '@other:1');

  it('comes from the environment when there is no argument', async () => {
    const { servers } = await readLocalFlags(undefined, {}, { HALFLIGHT_URI: `"${uri}"\n` });
    expect(servers[0]?.uri).toEqual(parseServerUri(uri));
  });

  it('comes from the argument before the environment', async () => {
    const { servers } = await readLocalFlags(uri, {}, { HALFLIGHT_URI: other });
    expect(servers.map((server) => formatServerUri(server.uri))).toEqual([uri]);
  });

  it('that cannot be used names the variable when it came from there, and only then', async () => {
    const bad = uri.replace('halflight', 'https');
    const message = 'URI: expected halflight:// or ss://, got https://';
    const inVariable = readLocalFlags(undefined, {}, { HALFLIGHT_URI: bad });
    await expect(inVariable).rejects.toThrow(new ConfigError(`HALFLIGHT_URI: ${message}`));
    await expect(readLocalFlags(bad, {}, {})).rejects.toThrow(new ConfigError(message));
  });

  it.each([{}, { HALFLIGHT_URI: ' ' }])('is missed when it is in neither: %j', async (variables) => {
    const refused = readLocalFlags(undefined, {}, variables);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(
      'expected a URI as the argument or in HALFLIGHT_URI, or a --subscription, got none',
    );
  });
});
