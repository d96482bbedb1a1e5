import { describe, expect, it } from 'vitest';
import { judgeBody, judgeHead, namesOf, tokenCheck } from '../../shared/serve/api/door.js';
import { ApiFault } from '../../shared/serve/api/reply.js';

const token = 'an-api-token-0123456789';
const door = { names: ['127.0.0.1:1234', 'localhost:1234'], isToken: tokenCheck(token) };

/** The status of whoever comes with these headers, a line for each; 200 when it may ask. */
function statusOf(headers: readonly string[], target = '/users'): number {
  const rawHeaders = headers.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  try {
    judgeHead({ target, rawHeaders }, door);
    return 200;
  } catch (error) {
    return error instanceof ApiFault ? error.reply.status : 0;
  }
}

const host = 'Host: 127.0.0.1:1234';
const bearer = `Authorization: Bearer ${token}`;

describe('the door of the management API', () => {
  it.each([host, 'host: localhost:1234', 'HOST: LOCALHOST:1234'])(
    'lets in whoever knows the token, %s',
    (name) => {
      expect(statusOf([name, bearer])).toBe(200);
      expect(statusOf([name, `authorization: bearer ${token}`])).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:1234',
    'localhost6:1234',
    '127.0.0.1.nip.io',
    '0.0.0.0:1234',
    '127.1:1234',
    'localhost:1234.',
    'localhost.:1234',
    '127.0.0.1',
    '127.0.0.1:1235',
    '',
  ])('turns away whoever calls it %s, token or not', (name) => {
    expect(statusOf([`Host: ${name}`, bearer])).toBe(421);
    expect(statusOf([`Host: ${name}`])).toBe(421);
  });

  it('turns away whoever calls it nothing, or two things', () => {
    expect(statusOf([bearer])).toBe(400);
    expect(statusOf([host, bearer, host])).toBe(400);
    expect(statusOf([host, bearer, 'host: evil.example'])).toBe(400);
  });

  it.each(['http://evil.example/users', 'http://127.0.0.1:1234/users', '*', ''])(
    'turns away whoever asks for %s',
    (target) => {
      expect(statusOf([host, bearer], target)).toBe(400);
    },
  );

  it.each(['null', 'http://127.0.0.1:1234', 'https://evil.example', ''])(
    'turns away browsers, of origin %s',
    (origin) => {
      expect(statusOf([host, bearer, `Origin: ${origin}`])).toBe(403);
    },
  );

  it.each([
    [],
    ['Authorization: Bearer'],
    ['Authorization: Bearer '],
    [`Authorization: Basic ${token}`],
    [`Authorization: ${token}`],
    [`Authorization: Bearer ${token}x`],
    [`Authorization: Bearer ${token.slice(0, -1)}`],
    [`Authorization: Bearer ${token.toUpperCase()}`],
    [`Authorization: Bearer ${token} ${token}`],
    [bearer, bearer],
    ['Authorization: Bearer no', bearer],
  ])('turns away whoever does not know the token: %s', (...lines) => {
    expect(statusOf([host, ...lines])).toBe(401);
  });

  it.each(['application/json', 'Application/JSON; charset=utf-8'])('takes bodies of %s', (type) => {
    judgeBody(['Content-Type', type]);
  });

  it.each([
    [[]],
    [['Content-Type', 'text/plain']],
    [['Content-Type', 'application/jsonp']],
    [['Content-Type', 'application/x-www-form-urlencoded']],
    [['Content-Type', 'application/json', 'content-type', 'text/plain']],
    [['Content-Type', 'application/json', 'Content-Encoding', 'gzip']],
  ])('takes no others: %j', (rawHeaders) => {
    expect(() => {
      judgeBody(rawHeaders);
    }).toThrow(ApiFault);
  });
});

it('is called by its address and as localhost, on port 80 without it, too', () => {
  expect(namesOf({ host: '::1', port: 8389 })).toEqual(['[::1]:8389', 'localhost:8389']);
  expect(namesOf({ host: '127.0.0.1', port: 80 })).toEqual([
    '127.0.0.1:80',
    'localhost:80',
    '127.0.0.1',
    'localhost',
  ]);
});
