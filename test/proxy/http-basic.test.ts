import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { challenge, standing } from '../../shared/proxy/http-basic.js';

const asked: string[] = [];

function check(user: Uint8Array, password: Uint8Array): boolean {
  asked.push(`${Buffer.from(user).toString()} ${Buffer.from(password).toString()}`);
  return asked.at(-1) === 'm\u00e4x p:w';
}

const right = Buffer.from('m\u00e4x:p:w').toString('base64');

describe('the credentials of a request', () => {
  it.each([`Basic ${right}`, `basic ${right}`, `BASIC   ${right}  `, `Basic ${right.replace(/=+$/, '')}`])(
    'are known: %s',
    (value) => {
      expect(standing(['A', 'b', 'proxy-authorization', value], check)).toBe('known');
    },
  );

  it.each([
    'Basic',
    'Basic ',
    right,
    `Bearer ${right}`,
    `Basic ${right} ${right}`,
    `Basic ${right}=`,
    `Basic ${right.slice(0, -3)}`,
    'Basic !!!!',
    'Basic A',
    `Basic ${Buffer.from('m\u00e4x').toString('base64')}`,
    `Basic ${Buffer.from('m\u00e4x:p:').toString('base64')}`,
    `Basic ${Buffer.from(':').toString('base64')}`,
  ])('are wrong, and compared all the same: %s', (value) => {
    const before = asked.length;
    expect(standing(['Proxy-Authorization', value], check)).toBe('wrong');
    expect(asked.length).toBe(before + 1);
  });

  it('are missing in any other header', () => {
    expect(standing(['Authorization', `Basic ${right}`], check)).toBe('missing');
  });

  it('are ambiguous when there are two, even the same', () => {
    const header = ['Proxy-Authorization', `Basic ${right}`];
    expect(standing([...header, ...header], check)).toBe('ambiguous');
  });

  it('arrive as they were meant, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (user, password) => {
        fc.pre(!user.includes(0x3a));
        const pair = Buffer.concat([user, Buffer.from(':'), password]).toString('base64');
        const same = (theirs: Uint8Array, word: Uint8Array): boolean =>
          Buffer.compare(theirs, user) === 0 && Buffer.compare(word, password) === 0;
        expect(standing(['Proxy-Authorization', `Basic ${pair}`], same)).toBe('known');
      }),
    );
  });
});

describe('the challenge', () => {
  it('is a 407 that every client understands', () => {
    expect(challenge()).toMatchObject({
      status: 407,
      headers: expect.arrayContaining([
        'Proxy-Authenticate',
        'Basic realm="halflight", charset="UTF-8"',
      ]) as unknown,
    });
  });
});
