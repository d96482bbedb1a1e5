/** What datagrams have to stand. */
import { randomBytes } from 'node:crypto';
import { onTestFinished, vi } from 'vitest';
import { concat } from '../../../shared/bytes.js';
import type { Target } from '../../../shared/codec/address.js';
import { readUdpHeader } from '../../../shared/proxy/udp-header.js';
import { udpEcho } from '../../support/udp.js';
import type { Case } from './case.js';
import { type Cast, setStage, type Staging } from './stage.js';

/** Nothing else is sent of this content: what it finds is a way, not an answer. */
const hello = 'anybody there?';
/** How long an answer may take that is on its way, ms. */
const patienceMs = 1_000;

/** A way to an echo that has been walked once, and what came back on it. */
export interface Line {
  send(payload: Uint8Array): Promise<void>;
  /** Whether this payload comes back in time. */
  echoes(payload: Uint8Array, timeoutMs?: number): Promise<boolean>;
}

/** A line to `target`. */
export async function openLine(cast: Cast, target: Target, staging: Staging = {}): Promise<Line> {
  const entrance = await (await setStage(cast, staging)).entrance(target);
  const came: Buffer[] = [];
  entrance.socket.socket.on('message', (datagram) => {
    came.push(Buffer.from(payloadOf(datagram)));
  });
  return {
    send: (payload) => entrance.socket.say(concat([entrance.header, payload]), entrance),
    echoes(payload, timeout = patienceMs) {
      const looked = vi.waitUntil(() => came.some((one) => one.equals(payload)), { timeout, interval: 5 });
      return looked.catch(() => false);
    },
  };
}

/**
 * Says hello until there is an answer: whether a program has opened its UDP port yet cannot be seen, and the first
 * datagrams may find nobody. False when there is none.
 */
export async function answered(line: Line, timeoutMs: number = 10 * patienceMs): Promise<boolean> {
  const word = Buffer.from(hello);
  const saying = setInterval(() => void line.send(word), 50);
  const stop = (): void => {
    clearInterval(saying);
  };
  onTestFinished(stop);
  const heard = await line.echoes(word, timeoutMs);
  stop();
  return heard;
}

/** A line to an echo on `host`, which is asked for as `name`. */
async function lineToEcho(cast: Cast, host = '127.0.0.1', name = host, staging: Staging = {}): Promise<Line> {
  const echo = await udpEcho(host);
  const line = await openLine(cast, { host: name, port: echo.port }, staging);
  if (!(await answered(line))) throw new Error('datagrams: expected an answer, got none');
  return line;
}

function payloadOf(datagram: Buffer): Uint8Array {
  const read = readUdpHeader(datagram);
  if (read === undefined) throw new Error(`answer: expected a UDP header, got ${datagram.toString('hex')}`);
  return read.payload;
}

async function sizesEchoed(line: Line): Promise<string> {
  for (const size of [1, 512, 1400]) {
    const payload = randomBytes(size);
    await line.send(payload);
    if (!(await line.echoes(payload))) return `lost at ${size} bytes`;
  }
  return 'echoed';
}

function echoAs(name: string, host: string, asked = host): Case {
  return {
    name: `datagrams to ${name}`,
    datagrams: true,
    wants: 'echoed',
    run: async (cast) => sizesEchoed(await lineToEcho(cast, host, asked)),
  };
}

export const datagramCases: readonly Case[] = [
  echoAs('IPv4, of 1, 512 and 1,400 bytes', '127.0.0.1'),
  echoAs('IPv6', '::1'),
  // The name means two addresses, and either is right.
  echoAs('a domain', '::', 'localhost'),
  {
    name: 'an empty datagram',
    datagrams: true,
    wants: 'echoed',
    async run(cast) {
      const line = await lineToEcho(cast);
      const empty = Buffer.alloc(0);
      await line.send(empty);
      if (await line.echoes(empty)) return 'echoed';
      return (await answered(line)) ? 'dropped' : 'the end of it';
    },
  },
  {
    name: 'the largest datagram',
    datagrams: true,
    wants: '65,000 bytes',
    async run(cast) {
      const line = await lineToEcho(cast);
      let largest = 1_400;
      for (const size of [1_900, 4_000, 8_000, 16_000, 32_000, 60_000, 65_000]) {
        const payload = randomBytes(size);
        await line.send(payload);
        if (!(await line.echoes(payload, 300))) break;
        largest = size;
      }
      return `${largest.toLocaleString('en')} bytes`;
    },
  },
  {
    name: 'datagrams in a stream (UDP over TCP)',
    datagrams: true,
    wants: 'echoed',
    fits: ({ peer, side }) => peer[side]?.overTcp === true,
    run: async (cast) => sizesEchoed(await lineToEcho(cast, '127.0.0.1', '127.0.0.1', { overTcp: true })),
  },
];
