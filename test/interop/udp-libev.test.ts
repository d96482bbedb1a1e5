import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { encodeTarget, type Target } from '../../shared/codec/address.js';
import { udpClient } from '../support/associate.js';
import { udpEcho, type UdpPeer, udpPeer } from '../support/udp.js';
import { startLocal, startRemote } from './halves.js';
import {
  type Agreement,
  libevMethods,
  portOf,
  startSsLocal,
  startSsServer,
  startSsTunnel,
  uriOf,
} from './libev.js';

const largest = 1400;

/** A way for datagrams to an echo, and back. */
interface Way {
  readonly socket: UdpPeer;
  readonly entrance: Target;
  /** What stands before the payload, there and back. */
  readonly header: Uint8Array;
}

async function socksWay(listen: string, echo: Target): Promise<Way> {
  const { socket, relay } = await udpClient(Number(portOf(listen)));
  return { socket, entrance: relay, header: concat([Uint8Array.of(0, 0, 0), encodeTarget(echo)]) };
}

function ourRemote({ method, password }: Agreement): Promise<{ readonly listen: string }> {
  const variables = { HALFLIGHT_PASSWORD: password };
  return startRemote(['--allow-private', '--method', method], { variables });
}

/** Who stands on which side. */
const ways: Readonly<Record<string, (agreement: Agreement, echo: Target) => Promise<Way>>> = {
  'our local and ss-server': async (agreement, echo) => {
    const server = await startSsServer(agreement);
    return socksWay((await startLocal(uriOf(agreement, server))).listen, echo);
  },
  'ss-local and our remote': async (agreement, echo) => {
    const { listen } = await ourRemote(agreement);
    return socksWay(await startSsLocal(portOf(listen), agreement), echo);
  },
  'ss-tunnel and our remote': async (agreement, echo) => {
    const { listen } = await ourRemote(agreement);
    const tunnel = await startSsTunnel(portOf(listen), `${echo.host}:${echo.port}`, agreement);
    const entrance = { host: '127.0.0.1', port: Number(portOf(tunnel)) };
    return { socket: await udpPeer(), entrance, header: new Uint8Array(0) };
  },
};

/** Larger than all that is looked at afterwards. */
const hello = Buffer.alloc(largest + 1);

/** Whether libev has opened its UDP port yet cannot be seen, and the first datagrams may find nobody. */
async function awaitFirst({ socket, entrance, header }: Way): Promise<void> {
  const asking = setInterval(() => void socket.say(concat([header, hello]), entrance), 50);
  onTestFinished(() => {
    clearInterval(asking);
  });
  await socket.next();
  clearInterval(asking);
}

/** The next answer that is none to {@link hello}. */
async function answerOf({ socket, header }: Way): Promise<Buffer> {
  for (;;) {
    const { payload } = await socket.next();
    if (payload.length < header.length + hello.length) return payload;
  }
}

describe.each(Object.entries(ways))('datagrams through %s', (_name, openWay) => {
  describe.each(libevMethods)('with %s', (method) => {
    const agree = (): Agreement => ({ method, password: randomBytes(24).toString('base64url') });

    it('come back as they were sent, of every size from 1 to 1,400 bytes', async () => {
      const way = await openWay(agree(), await udpEcho());
      const { socket, entrance, header } = way;
      await awaitFirst(way);
      for (let size = 1; size <= largest; size++) {
        const datagram = Buffer.from(concat([header, randomBytes(size)]));
        await socket.say(datagram, entrance);
        expect((await answerOf(way)).equals(datagram)).toBe(true);
      }
    });

    it('are not lost: 10,000 of them, 2,000 a second', async () => {
      const way = await openWay(agree(), await udpEcho());
      await awaitFirst(way);
      expect(await lostOf(10_000, way)).toBe(0);
    });
  });
});

/** How many of so many datagrams did not come back, or did not come back as they were. */
async function lostOf(total: number, { socket, entrance, header }: Way): Promise<number> {
  const missing = new Set<string>();
  socket.socket.on('message', (datagram) => missing.delete(datagram.toString('latin1', header.length)));
  let sent = 0;
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    const pace = setInterval(() => {
      const due = Math.min(total, 2 * (performance.now() - startedAt));
      // libev's sockets hold few more than 64: the machine may be busy with something else.
      for (let burst = 0; burst < 8 && sent < due && missing.size < 64; burst++) {
        const payload = randomBytes(8 + (sent % (largest - 7)));
        missing.add(payload.toString('latin1'));
        socket.socket.send(concat([header, payload]), entrance.port, entrance.host);
        sent += 1;
      }
      if (sent < total) return;
      clearInterval(pace);
      resolve();
    }, 2);
    onTestFinished(() => {
      clearInterval(pace);
    });
  });
  await vi.waitUntil(() => missing.size === 0, { timeout: 10_000 }).catch(() => undefined);
  return missing.size;
}
