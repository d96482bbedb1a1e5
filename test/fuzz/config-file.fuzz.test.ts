import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classicHalf, isClassic } from '../../shared/config/classic.js';
import { halfOf } from '../../shared/config/file.js';
import { understand } from '../../shared/config/file-open.js';
import type { Half } from '../../shared/config/file-schema.js';
import { parseJsonFile } from '../../shared/config/file-text.js';
import { tell } from '../../shared/config/layers.js';
import { ConfigError } from '../../shared/errors.js';
import { fuzzRuns } from '../support/fuzz.js';

const golden = path.join(import.meta.dirname, '../golden/configs');
const seeds = ['good', 'broken'].flatMap((folder) =>
  readdirSync(path.join(golden, folder))
    .filter((name) => name.endsWith('.json') && !name.endsWith('.parsed.json'))
    .map((name) => readFileSync(path.join(golden, folder, name))),
);

/** A file of the golden folder with a part of another one, or of something else, in its middle. */
const spliced = fc
  .record({
    seed: fc.constantFrom(...seeds),
    other: fc.oneof(fc.constantFrom(...seeds), fc.uint8Array({ maxLength: 8 })),
    at: fc.nat(400),
    cut: fc.nat(40),
    from: fc.nat(400),
    taken: fc.nat(40),
  })
  .map(({ seed, other, at, cut, from, taken }) =>
    Buffer.concat([seed.subarray(0, at), other.subarray(from, from + taken), seed.subarray(at + cut)]),
  );
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
    fc.property(fc.oneof(spliced, structured), fc.constantFrom<Half>('local', 'remote'), (bytes, half) => {
      try {
        const file = parseJsonFile('x.json', bytes);
        if (isClassic(file)) classicHalf(file);
        else halfOf(file);
        const config = understand({ file, mode: 0o600 }, half, {});
        for (const warning of config.warnings) expect(warning).toMatch(/^x\.json:\d+:\d+ ./);
        const told = tell({ half, typed: {}, variables: {}, file: config });
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
