import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ProtocolError } from '../../shared/errors.js';
import { listReplies, readManagerRequest } from '../../shared/proxy/ss-manager.js';
import { fuzzRuns } from '../support/fuzz.js';

const fields = fc.dictionary(
  fc.constantFrom(
    'server_port',
    'password',
    'method',
    'mode',
    'plugin',
    'plugin_opts',
    'users',
    '__proto__',
    'x',
  ),
  fc.oneof(fc.nat(70_000), fc.string(), fc.constantFrom('8001', 'aes-256-gcm', null, true), fc.jsonValue()),
);
const blank = fc.stringMatching(/^[\0\s]{0,3}$/);
const sentence = fc
  .tuple(blank, fc.constantFrom('add', 'remove', 'list', 'ping', 'stat', 'x'), blank, fields, blank)
  .map(
    ([before, word, between, object, after]) =>
      `${before}${word}:${between}${JSON.stringify(object)}${after}`,
  );
const datagram = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  sentence.map((text) => Buffer.from(text)),
  // Cut anywhere, or with a byte changed.
  fc.tuple(sentence, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const bytes = Buffer.from(text);
    bytes[at % bytes.length] = byte;
    return byte % 2 === 0 ? bytes : bytes.subarray(0, at % bytes.length);
  }),
);

it('whatever a manager is sent, it is understood, not answered, or answered with an error', () => {
  fc.assert(
    fc.property(datagram, (bytes) => {
      const before = Buffer.from(bytes);
      try {
        const request = readManagerRequest(bytes);
        if (request?.command === 'add') {
          const { port, password } = request.added;
          expect(port).toBeGreaterThan(0);
          expect(port).toBeLessThan(65_536);
          expect(password).not.toBe('');
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
      expect(Buffer.from(bytes).equals(before)).toBe(true);
      expect(({} as Record<string, unknown>)['server_port']).toBeUndefined();
    }),
    { numRuns: fuzzRuns(5000) },
  );
});

it('whatever passwords there are, the parts of a list are one array', () => {
  const port = fc.record({
    port: fc.integer({ min: 1, max: 65_535 }),
    password: fc.string({ maxLength: 2000 }),
  });
  fc.assert(
    fc.property(fc.array(port, { maxLength: 60 }), (ports) => {
      const listed = ports.map((each) => ({ ...each, method: 'aes-256-gcm' }));
      expect(JSON.parse(listReplies(listed).join(''))).toEqual(
        listed.map(({ port, password, method }) => ({ server_port: String(port), password, method })),
      );
    }),
    { numRuns: fuzzRuns(300) },
  );
});
