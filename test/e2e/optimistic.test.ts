import { describe, expect, it } from 'vitest';
import { connect, type Peer } from '../support/peer.js';
import { asItComes, type Carry, startTap } from '../support/tap.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { ask, type Half, localHalf, remoteHalf, type RunningRemote } from '../support/tunnel.js';
import type { LocalChanges } from '../support/tunnel.js';
import type { LocalService } from '../../local/local.js';

interface Held {
  readonly remote: RunningRemote;
  readonly local: Half<LocalService>;
  /** Lets through what the remote says; until then the local hears nothing of it. */
  readonly release: () => void;
}

/** A local that answers early, and a remote that cannot be heard. */
async function heldTunnel(changes: LocalChanges = {}): Promise<Held> {
  const remote = await remoteHalf();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const down: Carry = async (from, to) => {
    await released;
    await asItComes(from, to);
  };
  const { port } = await startTap(remote.port, { down });
  const local = await localHalf(remote, { optimistic: true, port, ...changes });
  return { remote, local, release };
}

interface Asked {
  readonly client: Peer;
  readonly reply: string;
}

/** How clients of each protocol ask for a target, and what they hear when they have it. */
const protocols = {
  async SOCKS5(port: number, target: { readonly host: string; readonly port: number }): Promise<Asked> {
    const { client, reply } = await ask(port, target);
    return { client, reply: JSON.stringify(reply) };
  },
  async SOCKS4(port: number, target: { readonly port: number }): Promise<Asked> {
    const client = await connect(port);
    const words = Buffer.from('040100007f00000100', 'hex');
    words.writeUInt16BE(target.port, 2);
    void client.send(words);
    return { client, reply: (await client.read(8)).toString('hex') };
  },
  async HTTP(port: number, target: { readonly host: string; readonly port: number }): Promise<Asked> {
    const client = await connect(port);
    void client.send(`CONNECT ${target.host}:${target.port} HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`);
    return { client, reply: (await client.read(39)).toString() };
  },
};
const success = {
  SOCKS5: '{"code":0,"bound":{"host":"0.0.0.0","port":0}}',
  SOCKS4: '005a000000000000',
  HTTP: 'HTTP/1.1 200 Connection established\r\n\r\n',
};
const names = Object.keys(protocols) as (keyof typeof protocols)[];

describe.each(names)('a client that speaks %s to a local with optimistic replies', (name) => {
  it('hears of success before the remote can have been heard, and what it says reaches the target', async () => {
    const { local, release } = await heldTunnel();
    const target = await startTarget();
    const { client, reply } = await protocols[name](local.port, target);
    expect(reply).toBe(success[name]);
    expect(local.seen('granted')).toEqual([]);
    void client.send('first');
    const far = await target.next();
    expect((await far.read(5)).toString()).toBe('first');
    void far.send('answer');
    release();
    expect((await client.read(6)).toString()).toBe('answer');
    const [carrier] = local.seen('carrier').map((news) => news.carrier);
    expect(local.seen('granted').map((granted) => [granted.bound, granted.carrier])).toEqual([
      [{ host: '127.0.0.1', port: far.socket.remotePort }, carrier],
    ]);
    client.end();
    expect(await far.ended()).toBe('fin');
    far.end();
    expect(await client.ended()).toBe('fin');
  });

  it('is reset when its target refuses, and the log says why', async () => {
    const { local, release } = await heldTunnel();
    const { client, reply } = await protocols[name](local.port, {
      host: '127.0.0.1',
      port: await deadPort(),
    });
    expect(reply).toBe(success[name]);
    void client.send('to nobody');
    release();
    expect([await client.ended(), client.waiting]).toEqual(['reset', 0]);
    expect(local.seen('refused').map(({ reason }) => reason)).toEqual(['connection-refused']);
    expect(local.seen('granted')).toEqual([]);
    await expect.poll(() => local.seen('closed').length).toBe(1);
  });

  it('gets exactly the bytes of both directions, however many', async () => {
    const { local, release } = await heldTunnel();
    release();
    const echo = await startEcho();
    const { client } = await protocols[name](local.port, echo);
    const sent = client.pour(3_000_000);
    const heard = client.digest();
    const said = await sent;
    client.end();
    expect(await heard).toEqual(said);
  });
});

describe('a local with optimistic replies', () => {
  it('stops reading a client while the remote takes nothing, and loses none of it', async () => {
    const { local, release } = await heldTunnel();
    const target = await startTarget();
    const { client } = await protocols.SOCKS5(local.port, target);
    const far = await target.next();
    const heard = far.digest();
    const sent = client.pour(8_000_000);
    release();
    const said = await sent;
    client.end();
    expect(await heard).toEqual(said);
  });

  it('asks for its own credentials all the same', async () => {
    const credentials = [{ user: 'ann', password: 'secret' }];
    const { local } = await heldTunnel({ credentials });
    const target = await startTarget();
    const client = await connect(local.port);
    const login = Buffer.from('ann:secret').toString('base64');
    const head = `CONNECT ${target.host}:${target.port} HTTP/1.1\r\nHost: x\r\n`;
    void client.send(`${head}Proxy-Authorization: Basic ${login}\r\n\r\n`);
    expect((await client.read(39)).toString()).toBe(success.HTTP);
    const other = await connect(local.port);
    void other.send(`${head}\r\n`);
    expect((await other.read(12)).toString()).toBe('HTTP/1.1 407');
  });

  it('says nothing early of a binding, nor of a request in plain HTTP', async () => {
    const { local, release } = await heldTunnel();
    const binding = await connect(local.port);
    void binding.send(Buffer.from('050100', 'hex'));
    expect((await binding.read(2)).toString('hex')).toBe('0500');
    void binding.send(Buffer.from('050200017f0000010050', 'hex'));
    const plain = await connect(local.port);
    const port = await deadPort();
    void plain.send(`GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    expect((await protocols.SOCKS5(local.port, await startEcho())).reply).toBe(success.SOCKS5);
    expect([binding.waiting, plain.waiting]).toEqual([0, 0]);
    release();
    expect((await binding.read(10)).toString('hex').slice(0, 4)).toBe('0502');
    expect((await plain.read(12)).toString()).toBe('HTTP/1.1 502');
  });

  it('is reset when the remote does not answer', async () => {
    const { local } = await heldTunnel({ timeouts: { replyMs: 200 } });
    const { client } = await protocols.SOCKS5(local.port, await startTarget());
    expect(await client.ended()).toBe('reset');
    expect(local.seen('refused').map(({ reason }) => reason)).toEqual(['general-failure']);
  });

  it('changes nothing over the standard wire, where replies are early anyhow', async () => {
    const remote = await remoteHalf();
    const local = await localHalf(remote, { optimistic: true, wire: 'shadowsocks' });
    const echo = await startEcho();
    const { client, reply } = await protocols.SOCKS5(local.port, echo);
    expect(reply).toBe(success.SOCKS5);
    void client.send('echo');
    expect((await client.read(4)).toString()).toBe('echo');
    expect(local.seen('granted')).toHaveLength(1);
  });
});
