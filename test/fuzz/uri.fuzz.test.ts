import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain, explanation } from '../../shared/config/explain.js';
import { isLegacyPaste, readPastedUri } from '../../shared/config/pasted.js';
import { formatLegacyUri, isLegacyUri } from '../../shared/config/uri-legacy.js';
import { formatServerUri, parseServerUri, redactServerUri, type ServerUri } from '../../shared/config/uri.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey } from '../support/config.js';
import { fuzzRuns } from '../support/fuzz.js';

const key = encodeURIComponent(canaryKey);
const scheme = fc.constantFrom('ss://', 'halflight://', 'SS://', 'ssr://', '');
const method = fc.constantFrom('aes-256-gcm', 'aes-128-gcm', '2022-blake3-aes-256-gcm', 'rc4-md5', '');
const secret = fc.oneof(
  fc.constantFrom(key, canaryKey, 'pw', ''),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 20 }).map(encodeURIComponent),
);
const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().map((ip) => `[${ip}]`),
  fc.constantFrom('h', '::1', ''),
);
const port = fc.oneof(
  fc.integer({ min: -1, max: 65_537 }).map((number) => `:${number}`),
  fc.constantFrom('', ':', ':x'),
);
const query = fc.constantFrom(
  '',
  '/',
  '?prefix=POST%20',
  '/?prefix=%C2%A8',
  '?prefix=%A8',
  '?auth=remote',
  '?a=b&c',
);
const tag = fc.oneof(
  fc.constantFrom('', '#', '#home', '#%'),
  fc.string({ maxLength: 9 }).map((name) => `#${name}`),
);
const forms = {
  b: (user: string, place: string): string => `${user}@${place}`,
  a: (user: string, place: string): string => `${Buffer.from(user).toString('base64')}@${place}`,
  legacy: (user: string, place: string): string => Buffer.from(`${user}@${place}`).toString('base64'),
};

/** A link whose every part is right or wrong by itself. */
const link = fc
  .record({ scheme, method, secret, host, port, query, tag, form: fc.constantFrom(...Object.values(forms)) })
  .map((parts) => {
    const body = parts.form(`${parts.method}:${parts.secret}`, `${parts.host}${parts.port}`);
    return `${parts.scheme}${body}${parts.query}${parts.tag}`;
  });
const anything = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 80 }));

function read(text: string): ServerUri | undefined {
  try {
    return parseServerUri(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).toMatch(/^URI: [^\n]*$/);
    expect(message).not.toContain(canaryKey.slice(0, 12));
    return undefined;
  }
}

test('a link is read as what is written again, or refused in one line without its key', () => {
  let good = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: link }, anything), (text) => {
      const uri = read(text);
      if (uri === undefined) return;
      good += 1;
      expect(parseServerUri(formatServerUri(uri))).toEqual(uri);
      expect(readPastedUri(` "${text}"\n`)).toEqual(uri);
      expect(isLegacyPaste(` "${text}"\n`)).toBe(isLegacyUri(text));
      expect(isLegacyUri(text)).toBe(!(text.split(/[?#]/)[0] ?? '').includes('@'));
      const told = `${redactServerUri(uri)} ${explain(uri).join(' ')} ${JSON.stringify(explanation(uri))}`;
      if (uri.secret === canaryKey) expect(told).not.toContain(canaryKey.slice(0, 12));
    }),
    { numRuns: fuzzRuns(4000) },
  );
  expect(good).toBeGreaterThan(100);
});

test('any bytes in one block are read as what the legacy form would say of them, or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), host, port, (password, place, number) => {
      const inside = `aes-256-gcm:${password}@${place}${number}`;
      const uri = read(`ss://${Buffer.from(inside).toString('base64url')}`);
      if (uri === undefined) return;
      expect(uri.secret).toBe(password);
      expect(parseServerUri(formatLegacyUri(uri))).toEqual(uri);
    }),
    { numRuns: fuzzRuns(2000) },
  );
});
