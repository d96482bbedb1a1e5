import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classicHalf, isClassic } from '../../shared/config/classic.js';
import { allRoles, rolesOf } from '../../shared/config/file.js';
import { understand } from '../../shared/config/file-open.js';
import { parseJsonFile } from '../../shared/config/file-text.js';
import { tell } from '../../shared/config/layers.js';
import { ConfigError } from '../../shared/errors.js';
import { fuzzRuns } from '../support/fuzz.js';
import { splicedFiles } from '../support/golden.js';

/** A file of the golden folder with a part of another one, or of something else, in its middle. */
const spliced = splicedFiles('configs');
const anyKey = fc.constantFrom(
  'server',
  'servers',
  'locals',
  'mode',
  'method',
  'password',
  'plugin',
  'uri',
  'auth',
  'udp',
  'ports',
  'listen',
  'key',
  'server_port',
  'port_password',
  'users',
  'tcp_weight',
  'online_config',
  'manager_address',
);
const structured = fc
  .dictionary(fc.oneof(anyKey, fc.string()), fc.jsonValue({ maxDepth: 3 }))
  .map((value) => Buffer.from(JSON.stringify(value)));

test('whatever stands in a config file is understood, or refused in one line that begins with its place', () => {
  fc.assert(
    fc.property(fc.oneof(spliced, structured), fc.constantFrom(...allRoles), (bytes, role) => {
      try {
        const file = parseJsonFile('x.json', bytes);
        if (isClassic(file)) classicHalf(file);
        else rolesOf(file);
        const config = understand({ file, mode: 0o600 }, role, {});
        for (const warning of config.warnings) expect(warning).toMatch(/^x\.json:\d+:\d+ ./);
        const told = tell({ role, typed: {}, variables: {}, file: config });
        expect(told.map(({ value }) => value).join()).not.toContain('golden-golden');
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        const { message, others } = error as ConfigError;
        for (const line of [message, ...others.map((other) => other.message)]) {
          expect(line).toMatch(/^x\.json:\d+:\d+ [^\n]+$/);
        }
      }
    }),
    { numRuns: fuzzRuns(4000) },
  );
});
