import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeBody, judgeHead, tokenCheck } from '../../shared/serve/api/door.js';
import { ApiFault, type Reply } from '../../shared/serve/api/reply.js';
import { answer } from '../../shared/serve/api/routes.js';
import { fuzzRuns } from '../support/fuzz.js';
import { memoryUsage, memoryUsers } from '../support/memory-users.js';

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
const methods = fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'PUT', '__proto__', '');
const targets = fc.oneof(
  text,
  text.map((rest) => `/users/${rest}`),
  text.map((rest) => `/stats?${rest}`),
  fc.constantFrom('/', '/users', '/users/ann', '/stats', '/users/%', '/users/__proto__', '/stats?clear'),
);
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((json) => Buffer.from(json)),
  fc
    .record({
      username: fc.oneof(fc.constant('eve'), text, fc.anything()),
      uPSK: fc.oneof(text, fc.anything()),
    })
    .map((fields) =>
      Buffer.from(JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? 1 : value))),
    ),
);

describe('the management API, whatever it is told', () => {
  it('answers with JSON or with nothing, and keeps users that can be written on a line each', async () => {
    await fc.assert(
      fc.asyncProperty(methods, targets, bodies, async (method, target, bytes) => {
        const users = memoryUsers([{ name: 'ann', secret: 'key-of-ann' }]);
        const managed = { users, usage: memoryUsage() };
        const reply: Reply = await answer(
          { method, target, body: () => Promise.resolve(bytes) },
          managed,
        ).catch((error: unknown) => {
          if (error instanceof ApiFault) return error.reply;
          throw error;
        });
        expect(reply.status).toBeGreaterThanOrEqual(200);
        expect(reply.json === undefined || typeof reply.json === 'object').toBe(true);
        expect(reply.status >= 400).toBe(reply.json !== undefined && 'error' in reply.json);
        for (const { name, secret } of await users.list()) {
          const line = `${name}:${secret}`;
          expect(line.split(/\r?\n/)[0]?.trim()).toBe(line);
        }
      }),
      { numRuns: fuzzRuns(3000) },
    );
  });

  it('lets in nobody without the token', () => {
    const door = { names: ['127.0.0.1:1'], isToken: tokenCheck('an-api-token-0123456789') };
    const names = fc.constantFrom('Host', 'host', 'Origin', 'Authorization', 'Content-Type', 'X');
    const values = fc.oneof(text, fc.constantFrom('127.0.0.1:1', 'Bearer x', 'application/json'));
    const heads = fc.array(fc.tuple(names, values), { maxLength: 6 }).map((lines) => lines.flat());
    fc.assert(
      fc.property(targets, heads, (target, rawHeaders) => {
        expect(() => {
          judgeHead({ target, rawHeaders }, door);
        }).toThrow(ApiFault);
        try {
          judgeBody(rawHeaders);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiFault);
        }
      }),
      { numRuns: fuzzRuns(3000) },
    );
  });
});
