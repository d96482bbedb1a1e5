import { beforeEach, describe, expect, it } from 'vitest';
import { FragmentQueue } from '../../shared/proxy/fragments.js';

const target = { host: '192.0.2.1', port: 53 };
const last = 0x80;
const maxPayload = 65_507;

let queue: FragmentQueue;
beforeEach(() => {
  queue = new FragmentQueue();
});

/** The text that the piece `fragment` makes whole, or undefined. */
function piece(fragment: number, text: string, { now = 0, to = target } = {}): string | undefined {
  const payload = Uint8Array.from(Buffer.from(text));
  const whole = queue.accept({ fragment, target: to, payload }, now);
  if (whole === undefined) return undefined;
  expect(whole.target).toEqual(to);
  return Buffer.from(whole.payload).toString();
}

describe('pieces of a datagram', () => {
  it('make a whole when they come in turn', () => {
    expect(piece(1, 'in ')).toBeUndefined();
    expect(piece(2, 'three ')).toBeUndefined();
    expect(piece(last | 3, 'pieces')).toBe('in three pieces');
  });

  it('make the next whole after that', () => {
    for (let round = 0; round < 3; round++) {
      piece(1, 'a');
      expect(piece(last | 2, 'b')).toBe('ab');
    }
  });

  it('may be one, or 127', () => {
    expect(piece(last | 1, 'alone')).toBe('alone');
    for (let position = 1; position < 127; position++) expect(piece(position, 'x')).toBeUndefined();
    expect(piece(last | 127, 'y')).toBe('x'.repeat(126) + 'y');
  });

  it('may be empty', () => {
    piece(1, '');
    expect(piece(last | 2, '')).toBe('');
  });

  it('are copied: their buffer is the socket’s', () => {
    const lent = Buffer.from('lent');
    queue.accept({ fragment: 1, target, payload: lent }, 0);
    lent.fill(0);
    expect(piece(last | 2, '!')).toBe('lent!');
  });
});

describe('a sequence is abandoned', () => {
  it('when a piece is missing as the last one comes', () => {
    piece(1, 'a');
    expect(piece(last | 3, 'c')).toBeUndefined();
    expect(piece(last | 2, 'b')).toBeUndefined();
  });

  it('when its first piece never came', () => {
    expect(piece(2, 'b')).toBeUndefined();
    expect(piece(last | 3, 'c')).toBeUndefined();
  });

  it('when a piece is lower than one before it', () => {
    piece(1, 'a');
    piece(2, 'b');
    piece(3, 'c');
    expect(piece(2, 'b')).toBeUndefined();
    expect(piece(last | 4, 'd')).toBeUndefined();
  });

  it('when a piece comes twice', () => {
    piece(1, 'a');
    piece(2, 'b');
    piece(2, 'b');
    expect(piece(last | 3, 'c')).toBeUndefined();
  });

  it('and another begun, when a first piece comes', () => {
    piece(1, 'old ');
    piece(2, 'piece');
    piece(1, 'new ');
    expect(piece(last | 2, 'piece')).toBe('new piece');
  });

  it('when a last piece has no position', () => {
    piece(1, 'a');
    expect(piece(last, 'b')).toBeUndefined();
    expect(piece(last | 2, 'b')).toBeUndefined();
  });

  it.each([
    ['host', { host: '192.0.2.2', port: 53 }],
    ['port', { host: '192.0.2.1', port: 54 }],
  ])('when a piece is for another %s', (_, to) => {
    piece(1, 'a');
    expect(piece(2, 'b', { to })).toBeUndefined();
    expect(piece(last | 2, 'b')).toBeUndefined();
    expect(piece(last | 3, 'c', { to })).toBeUndefined();
  });

  it('and another begun, when a first piece is for another target', () => {
    const to = { host: 'a.example', port: 53 };
    piece(1, 'a');
    piece(1, 'b', { to });
    expect(piece(last | 2, 'c', { to })).toBe('bc');
  });

  it('when its pieces are more than a datagram can carry', () => {
    piece(1, 'x'.repeat(maxPayload));
    expect(piece(last | 2, 'y')).toBeUndefined();
    expect(piece(last | 2, '')).toBeUndefined();
    piece(1, 'x'.repeat(maxPayload - 1));
    expect(piece(last | 2, 'y')).toHaveLength(maxPayload);
  });
});

describe('a datagram that stands alone', () => {
  it('is whole at once, and not copied', () => {
    const payload = Uint8Array.of(1, 2, 3);
    expect(queue.accept({ fragment: 0, target, payload }, 0)?.payload).toBe(payload);
  });

  it('abandons the pieces before it: nothing is made of two datagrams', () => {
    piece(1, 'a');
    expect(piece(0, 'alone')).toBe('alone');
    expect(piece(last | 2, 'of the next')).toBeUndefined();
  });
});

describe('the reassembly timer', () => {
  it('runs for five seconds from the first piece', () => {
    piece(1, 'a', { now: 1000 });
    piece(2, 'b', { now: 5999 });
    expect(piece(last | 3, 'c', { now: 5999 })).toBe('abc');
    piece(1, 'a', { now: 10_000 });
    piece(2, 'b', { now: 14_999 });
    expect(piece(last | 3, 'c', { now: 15_000 })).toBeUndefined();
  });

  it('starts anew with the next sequence', () => {
    piece(1, 'a', { now: 0 });
    piece(1, 'b', { now: 4999 });
    expect(piece(last | 2, 'c', { now: 9998 })).toBe('bc');
  });

  it('frees a sequence when somebody looks at the clock', () => {
    piece(1, 'a', { now: 0 });
    queue.expire(4999);
    queue.expire(5000);
    expect(piece(last | 2, 'b', { now: 0 })).toBeUndefined();
    piece(1, 'a', { now: 0 });
    queue.expire(4999);
    expect(piece(last | 2, 'b', { now: 0 })).toBe('ab');
  });
});
