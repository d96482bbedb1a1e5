import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSubscription } from '../../shared/config/sip008.js';
import { formatServerUri, parseServerUri } from '../../shared/config/uri.js';
import { ConfigError } from '../../shared/errors.js';
import { fuzzRuns } from '../support/fuzz.js';
import { splicedFiles } from '../support/golden.js';

/** A document of the golden folder with a part of another one, or of something else, in its middle. */
const spliced = splicedFiles('subscriptions', ['many.json']);
const anyText = fc.string({ unit: 'binary', maxLength: 20 });
const server = fc.record(
  {
    id: fc.oneof(anyText, fc.jsonValue()),
    remarks: fc.oneof(anyText, fc.jsonValue()),
    server: fc.oneof(fc.constantFrom('a.example', '::1', '192.0.2.1'), anyText, fc.jsonValue()),
    server_port: fc.oneof(fc.constantFrom(1, '443'), fc.jsonValue()),
    method: fc.oneof(fc.constantFrom('aes-256-gcm', 'rc4'), fc.jsonValue()),
    password: fc.oneof(anyText, fc.jsonValue()),
    plugin: fc.oneof(fc.constantFrom('allowed', ''), anyText),
    plugin_opts: anyText,
    prefix: fc.oneof(anyText, fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const structured = fc
  .record({ version: fc.constantFrom(1, 2), servers: fc.array(fc.oneof(server, fc.jsonValue())) })
  .map((value) => Buffer.from(JSON.stringify(value)));

test('of whatever a subscription says, what is used is fit to be used, and the rest is told in one line each', () => {
  fc.assert(
    fc.property(fc.oneof(spliced, structured), (bytes) => {
      try {
        const { servers, warnings } = parseSubscription(bytes, { plugins: ['allowed'] });
        for (const uri of servers) {
          expect(parseServerUri(formatServerUri(uri), { plugins: ['allowed'] })).toEqual(uri);
        }
        for (const warning of warnings) expect(warning).toMatch(/^subscription:(?:\d+:\d+)? [^\n]+$/);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        expect((error as ConfigError).message).toMatch(/^subscription:(?:\d+:\d+)? [^\n]+$/);
      }
    }),
    { numRuns: fuzzRuns(3000) },
  );
});
