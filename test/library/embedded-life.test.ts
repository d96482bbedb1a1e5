import net from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLocal, type EmbeddedLocal } from '../../local/embedded.js';
import { createRemote, type EmbeddedRemote } from '../../remote/embedded.js';
import { StoppedError } from '../../shared/errors.js';
import { echoThrough, embeddedLocal, embeddedRemote } from '../support/embedded.js';
import { connect } from '../support/peer.js';
import { startTap } from '../support/tap.js';
import { startEcho, startTarget } from '../support/targets.js';
import { connectThrough } from '../support/tunnel.js';

/** A link to a place where nobody listens. */
const link = `halflight://2022-blake3-aes-256-gcm:${Buffer.alloc(32, 1).toString('base64')}@127.0.0.1:1`;

const halves: Readonly<Record<string, (port: number) => EmbeddedLocal | EmbeddedRemote>> = {
  local: (port) => createLocal({ server: link, listen: port }),
  remote: (port) => createRemote({ listen: `127.0.0.1:${port}` }),
};

describe.each(Object.entries(halves))('a %s', (name, create) => {
  function created(port = 0): EmbeddedLocal | EmbeddedRemote {
    const half = create(port);
    onTestFinished(() => half.stop());
    return half;
  }

  it('has no address before it is started, and none once it is stopped', async () => {
    const half = created();
    const missing = `${name}: expected it to be started, got one that is not`;
    expect(() => half.address()).toThrow(missing);
    await half.start();
    expect(half.address()).toEqual({ host: '127.0.0.1', port: expect.any(Number) as number });
    expect(half.address().port).toBeGreaterThan(0);
    await half.stop();
    expect(() => half.address()).toThrow(missing);
  });

  it('is one, however often it is started', async () => {
    const half = created();
    const [one, other] = await Promise.all([half.start(), half.start()]);
    expect(one).toBe(half);
    expect(other).toBe(half);
    const { port } = half.address();
    await half.start();
    expect(half.address().port).toBe(port);
  });

  it('may be stopped at any time, and started again', async () => {
    const half = created();
    await half.stop();
    const starting = expect(half.start()).rejects.toThrow(StoppedError);
    await Promise.all([half.stop(), starting]);
    await half.start();
    const stopped = half.stop();
    const again = half.start();
    await Promise.all([stopped, again]);
    expect(half.address().port).toBeGreaterThan(0);
    await Promise.all([half.stop(), half.stop({ graceMs: 1000 })]);
  });

  it('says what to do about a port that is taken, and can be started once it is free', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as net.AddressInfo;
    const half = created(port);
    await expect(half.start()).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message:
        `cannot listen on 127.0.0.1:${port} (EADDRINUSE): another program listens there; ` +
        'choose a port with the option listen',
    });
    other.close();
    await once(other, 'close');
    await half.start();
    expect(half.address().port).toBe(port);
  });

  it('is disposed of with its scope', async () => {
    const half = created();
    await half.start();
    await half[Symbol.asyncDispose]();
    expect(() => half.address()).toThrow('expected it to be started');
  });
});

it('a stop resets conversations, unless it gives them time', async () => {
  const remote = await embeddedRemote();
  const local = await embeddedLocal(remote.uri());
  const target = await startTarget();
  const patient = await connectThrough({ local: local.address() }, target);
  const there = await target.next();
  const stopping = local.stop({ graceMs: 60_000 });
  void patient.send('still here');
  expect((await there.read(10)).toString()).toBe('still here');
  patient.end();
  there.end();
  await stopping;

  await local.start();
  const cut = await connectThrough({ local: local.address() }, target);
  await local.stop();
  await cut.ended();
});

it('a remote that is started again has its key and its users, as they were in the end', async () => {
  const echo = await startEcho();
  const remote = await embeddedRemote({ users: ['ann', 'ben'] });
  const ann = await remote.uriOf('ann', { host: 'vps.example' });
  const { secret } = remote;
  await remote.users.remove('ben');
  await remote.stop();
  await remote.start();
  expect(remote.secret).toBe(secret);
  expect((await remote.users.list()).map(({ name }) => name)).toEqual(['ann']);
  const again = await remote.uriOf('ann', { host: 'vps.example' });
  expect(again.replace(/:\d+#/, '#')).toBe(ann.replace(/:\d+#/, '#'));
  const local = await embeddedLocal(await remote.uriOf('ann'));
  expect(await echoThrough(local, echo, 'again')).toBe('again');
});

it('a remote that is started again answers nothing that was recorded before', async () => {
  const remote = await embeddedRemote();
  const tap = await startTap(remote.address().port);
  const { port } = remote.address();
  const local = await embeddedLocal(remote.uri().replace(`:${port}#`, `:${tap.port}#`));
  await echoThrough(local, await startEcho(), 'recorded');
  const recording = tap.connections[0]?.up ?? Buffer.alloc(0);
  await remote.stop();
  await remote.start();
  const absorbed = once(remote, 'absorbed');
  const peer = await connect(remote.address().port);
  await peer.send(recording);
  expect(await absorbed).toMatchObject([{ event: 'absorbed' }]);
});

it('servers that were replaced are those of the next start', async () => {
  const echo = await startEcho();
  const remote = await embeddedRemote();
  const local = createLocal({ server: link, listen: 0 });
  onTestFinished(() => local.stop());
  local.replaceServers(remote.uri());
  await local.start();
  expect(await echoThrough(local, echo, 'replaced')).toBe('replaced');
});

it('servers that are replaced while a local starts are those that it goes through', async () => {
  const echo = await startEcho();
  const remote = await embeddedRemote();
  const local = createLocal({ server: link, listen: 0 });
  onTestFinished(() => local.stop());
  const starting = local.start();
  local.replaceServers(remote.uri());
  await starting;
  await vi.waitFor(async () => {
    expect(await local.check()).toMatchObject({ ok: true });
  });
  expect(await echoThrough(local, echo, 'in time')).toBe('in time');
});

it('a local that waits for its subscription can be stopped', async () => {
  const nobody = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  onTestFinished(() => void nobody.close());
  const { port } = nobody.address() as net.AddressInfo;
  const local = createLocal({ subscription: `http://127.0.0.1:${port}/list`, listen: 0 });
  const warned = once(local, 'warning');
  const starting = expect(local.start()).rejects.toThrow(StoppedError);
  await warned;
  await local.stop();
  await starting;
  expect(() => {
    local.replaceServers(link);
  }).toThrow('server: expected no subscription');
});

it('a listener that throws breaks nothing, and is not passed over in silence', async () => {
  const usual = process.listeners('uncaughtException');
  const faults: unknown[] = [];
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => faults.push(error));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of usual) process.on('uncaughtException', listener);
  });
  const echo = await startEcho();
  const remote = await embeddedRemote();
  const local = await embeddedLocal(remote.uri());
  for (const half of [local, remote]) {
    half.on('opened', ({ role }) => {
      throw new Error(role);
    });
  }
  expect(await echoThrough(local, echo, 'unharmed')).toBe('unharmed');
  expect(faults.map(String)).toEqual(['Error: local', 'Error: remote']);
});

/** What keeps this process alive: sockets by their kind, and how many timers. */
function alive(): { readonly sockets: readonly string[]; readonly timers: number } {
  const kinds = process.getActiveResourcesInfo();
  return {
    sockets: kinds.filter((kind) => /^(TCP|UDP)/.test(kind)),
    timers: kinds.filter((kind) => kind === 'Timeout').length,
  };
}

it('nothing of a half is left in the process once it has stopped', async () => {
  const echo = await startEcho();
  const onlyEcho = (): void => {
    expect(alive().sockets).toEqual(['TCPServerWrap']);
  };
  await vi.waitFor(onlyEcho);
  const { timers } = alive();
  const remote = createRemote({ listen: '127.0.0.1:0', allowPrivate: true, users: ['ann'] });
  await remote.start();
  const local = createLocal({ server: await remote.uriOf('ann'), listen: 0 });
  await local.start();
  expect(await echoThrough(local, echo, 'soon gone')).toBe('soon gone');
  const cut = await connectThrough({ local: local.address() }, echo);
  expect(alive().sockets.length).toBeGreaterThan(3);
  await Promise.all([local.stop(), remote.stop()]);
  await cut.ended();
  await vi.waitFor(onlyEcho);
  expect(alive().timers).toBeLessThanOrEqual(timers);
});
