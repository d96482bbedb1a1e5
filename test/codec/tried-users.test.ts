import { describe, expect, test } from 'vitest';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import { RequestOpener, RequestSealer } from '../../shared/codec/stream.js';
import { TriedUsers } from '../../shared/codec/tried-users.js';
import { streamUsers } from '../../shared/codec/users.js';
import { AuthError, ProtocolError } from '../../shared/errors.js';
import { byteByByte, fixedEnvironment, methods2017, sealed } from '../support/codec.js';
import { household } from '../support/identity.js';
import { clockAt, environmentOf, payload, refusalOf, target } from '../support/packets.js';

const names = Array.from({ length: 100 }, (_, at) => `user-${at}`);

/** Users whose keys are their names, and how many of them have been tried. */
function searching(clock = clockAt()): {
  readonly find: (name: string, source: string | undefined) => string;
  readonly trials: (search: () => unknown) => number;
} {
  const users = new TriedUsers(names, environmentOf(clock));
  let tried = 0;
  return {
    find: (name, source) =>
      users.find(source, (user) => {
        tried += 1;
        if (user !== name) throw new AuthError('another key');
        return user;
      }),
    trials: (search) => {
      tried = 0;
      search();
      return tried;
    },
  };
}

describe('users whose keys are tried', () => {
  test('one trial is enough for whoever comes back from the same address', () => {
    const { find, trials } = searching();
    expect(trials(() => find('user-99', 'here'))).toBe(100);
    expect(trials(() => find('user-99', 'here'))).toBe(1);
    expect(trials(() => find('user-50', 'there'))).toBeGreaterThan(1);
    expect(trials(() => find('user-99', 'here'))).toBe(1);
  });

  test('of several at one address the latest is tried first, and four are remembered', () => {
    const { find, trials } = searching();
    for (const at of [10, 20, 30, 40, 50]) find(`user-${at}`, 'here');
    expect(trials(() => find('user-20', 'here'))).toBe(4);
    expect(trials(() => find('user-20', 'here'))).toBe(1);
    expect(trials(() => find('user-10', 'here'))).toBeGreaterThan(4);
  });

  test('behind a plugin sixty-four are remembered, and strangers keep nobody out by failing', () => {
    const clock = clockAt();
    const { find, trials } = searching(clock);
    for (const name of names.slice(0, 65)) find(name, undefined);
    expect(trials(() => find('user-1', undefined))).toBe(64);
    for (let failed = 0; failed < 40; failed++) {
      refusalOf(() => find('nobody', undefined));
      clock.seconds += 0.1;
    }
    expect(find('user-80', undefined)).toBe('user-80');
  });

  test('after too many failures from an address only those who were there before are heard there', () => {
    const clock = clockAt();
    const { find, trials } = searching(clock);
    find('user-7', 'here');
    for (let failed = 0; failed < 16; failed++) {
      expect(trials(() => refusalOf(() => find('nobody', 'here')))).toBe(names.length);
      clock.seconds += 0.1;
    }
    expect(trials(() => refusalOf(() => find('nobody', 'here')))).toBe(1);
    expect(trials(() => refusalOf(() => find('user-8', 'here')))).toBe(1);
    expect(find('user-7', 'here')).toBe('user-7');
    expect(find('user-8', 'there')).toBe('user-8');
    clock.seconds += 10;
    expect(find('user-8', 'here')).toBe('user-8');
  });

  test('a flood from many addresses costs a few searches at once, and five trials for each millisecond', () => {
    const clock = clockAt();
    const { find, trials } = searching(clock);
    find('user-7', 'here');
    const flood = (): number =>
      trials(() => {
        for (let at = 0; at < 3000; at++)
          refusalOf(() => find('nobody', `stranger ${at} at ${clock.seconds}`));
      });
    expect(flood()).toBe(3 * names.length);
    clock.seconds += 0.06;
    expect(flood()).toBe(3 * names.length);
    expect(flood()).toBe(0);
    expect(trials(() => find('user-7', 'here'))).toBe(1);
    clock.seconds += 0.06;
    expect(find('user-8', 'here')).toBe('user-8');
  });

  test('a clock that was set back keeps nobody out', () => {
    const clock = clockAt();
    const { find } = searching(clock);
    for (let at = 0; at < 3; at++) refusalOf(() => find('nobody', `stranger ${at}`));
    expect(refusalOf(() => find('user-8', 'here'))).toBe('auth');
    clock.seconds -= 3600;
    expect(find('user-8', 'here')).toBe('user-8');
  });

  test('what is wrong behind the right key is not tried with another', () => {
    const users = new TriedUsers(names, fixedEnvironment());
    let tried = 0;
    const malformed = (): unknown =>
      users.find('here', () => {
        tried += 1;
        throw new ProtocolError('malformed');
      });
    expect(refusalOf(malformed)).toBe('protocol');
    expect(tried).toBe(1);
  });
});

describe.each(methods2017)('users of $name', (method) => {
  const house = household(method);
  const { remote, roster } = house;

  function requestOf(name: string): Uint8Array {
    const request = new RequestSealer(house.client(name), target, environmentOf(clockAt(), 5));
    return sealed((out) => {
      request.seal(payload, out);
    });
  }

  function newOpener(): RequestOpener {
    const asking = { users: streamUsers(remote, roster, fixedEnvironment()), source: 'here' };
    return new RequestOpener(remote, fixedEnvironment(), asking);
  }

  test.each(['ann', 'ben', 'eve'])('%s is found by the first chunk of a stream', (name) => {
    const bytes = requestOf(name);
    const opened = newOpener().open(bytes);
    expect(opened?.user).toBe(name);
    expect(opened?.target).toEqual(target);
    expect(opened?.cipher).toEqual(house.client(name));
    const opener = newOpener();
    let filled = 0;
    for (const byte of byteByByte(bytes)) {
      filled += byte.length;
      expect(opener.open(bytes.subarray(0, filled))?.user).toBe(filled < bytes.length ? undefined : name);
    }
  });

  test('a stranger is refused, and so is whoever has the secret of the remote', () => {
    expect(() => newOpener().open(requestOf('nobody'))).toThrow('expected that of a user');
    const asRemote = new RequestSealer(remote, target, fixedEnvironment());
    const bytes = sealed((out) => {
      asRemote.seal(payload, out);
    });
    expect(() => newOpener().open(bytes)).toThrow('expected that of a user');
  });

  test('packets are answered under the key of the user, and a repeated one is refused', () => {
    const server = packetServer(remote, environmentOf(clockAt(), 2), roster);
    const ben = packetClient(house.client('ben'), environmentOf(clockAt(), 3));
    const packet = ben.seal(target, payload);
    const opened = server.open(packet, 'here');
    expect([opened.user, opened.target]).toEqual(['ben', target]);
    const answer = opened.sealer.seal(target, payload);
    expect(refusalOf(() => server.open(answer, 'here'))).toBe('replay');
    expect(ben.open(answer).source).toEqual(target);
    expect(refusalOf(() => server.open(packet, 'here'))).toBe('replay');
    const stranger = packetClient(house.client('nobody'), environmentOf(clockAt(), 4));
    expect(refusalOf(() => server.open(stranger.seal(target, payload), 'here'))).toBe('auth');
    expect(refusalOf(() => server.open(packet.subarray(0, method.saltLength + 15), 'here'))).toBe('auth');
  });
});
