import { describe, expect, it } from 'vitest';
import { Account, Accounts, type Carrier } from '../../shared/serve/accounts.js';
import { noTraffic } from '../../shared/serve/usage-store.js';

/** Something that carries as much as the test says. */
function carrier(kind: Carrier['kind'] = 'stream'): Carrier & { up: number; down: number } {
  return {
    kind,
    up: 0,
    down: 0,
    carried() {
      const datagrams = kind === 'stream' ? 0 : 1;
      return { up: this.up, down: this.down, datagramsUp: datagrams, datagramsDown: 0 };
    },
  };
}

describe('the account of a user', () => {
  it('counts what is open while it is open, and what has ended once', () => {
    const account = new Account('ann');
    const [first, second] = [carrier(), carrier('association')];
    account.open(first);
    account.open(second);
    first.up = 10;
    second.down = 5;
    expect(account.traffic()).toEqual({
      ...noTraffic,
      up: 10,
      down: 5,
      datagramsUp: 1,
      streams: 1,
      associations: 1,
      openedStreams: 1,
      openedAssociations: 1,
    });
    first.up = 12;
    account.close(first);
    account.close(first);
    first.up = 1000;
    account.close(second);
    expect(account.traffic()).toEqual({
      ...noTraffic,
      up: 12,
      down: 5,
      datagramsUp: 1,
      openedStreams: 1,
      openedAssociations: 1,
    });
    expect(account.idle).toBe(true);
  });

  it('does not tell again what it told before it was cleared, not even of what is still open', () => {
    const account = new Account('ann');
    const stream = carrier();
    account.open(stream);
    stream.up = 10;
    account.clear();
    expect(account.traffic()).toEqual({ ...noTraffic, streams: 1 });
    stream.up = 13;
    account.close(stream);
    expect(account.traffic()).toEqual({ ...noTraffic, up: 3 });
  });
});

describe('the accounts of a port', () => {
  it('are one for each name, and say nothing of those who have none', async () => {
    const accounts = new Accounts();
    const streams = ['ann', 'ben', undefined].map((name) => {
      const stream = carrier();
      accounts.accountOf(name).open(stream);
      return stream;
    });
    streams.forEach((stream, at) => {
      stream.down = at + 1;
    });
    const all = await accounts.all();
    expect(Array.from(all, ([name, { down }]) => [name, down])).toEqual([
      ['ann', 1],
      ['ben', 2],
    ]);
    expect(await accounts.of('ben')).toEqual({ ...noTraffic, down: 2, streams: 1, openedStreams: 1 });
    expect(await accounts.of('eve')).toEqual(noTraffic);
    expect(await accounts.all()).toHaveProperty('size', 2);
    expect(accounts.bytes).toBe(6);
  });

  it('tell a panel that clears each minute of a conversation once, however long it lasts', async () => {
    const accounts = new Accounts();
    const stream = carrier();
    const ann = accounts.accountOf('ann');
    ann.open(stream);
    const told: unknown[] = [];
    const ask = async (): Promise<void> => {
      told.push((await accounts.all({ clear: true })).get('ann')?.openedStreams);
    };
    await ask();
    await ask();
    ann.close(stream);
    await ask();
    expect(told).toEqual([1, 0, 0]);
  });

  it('are told and cleared in one step', async () => {
    const accounts = new Accounts();
    const stream = carrier();
    accounts.accountOf('ann').open(stream);
    stream.up = 7;
    expect((await accounts.all({ clear: true })).get('ann')?.up).toBe(7);
    expect((await accounts.all()).get('ann')?.up).toBe(0);
    expect(accounts.bytes).toBe(7);
  });

  it('count for the port what a user carries who is none any more, and begin at 0 for the next of that name', async () => {
    const accounts = new Accounts();
    const stream = carrier();
    const account = accounts.accountOf('ann');
    account.open(stream);
    stream.up = 7;
    accounts.forget('ann');
    expect(await accounts.of('ann')).toEqual(noTraffic);
    expect(accounts.bytes).toBe(7);
    stream.up = 9;
    account.close(stream);
    expect([accounts.bytes, accounts.bytes]).toEqual([9, 9]);
    accounts.forget('nobody');
    expect(await accounts.all()).toHaveProperty('size', 0);
  });
});
