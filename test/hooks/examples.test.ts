import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { formatTarget } from '../../shared/codec/address.js';
import { cliStarter } from '../support/cli.js';
import { connect, type Peer } from '../support/peer.js';
import { startTarget } from '../support/targets.js';
import {
  documents,
  type HookedForward,
  pieceSeen,
  pieceTeller,
  piecesOf,
  startHooked,
} from './by-command.js';

const start = cliStarter();
const example = (name: string): string => path.join(documents, name);

/** A client that says `text` in two pieces, cut behind `at` bytes, and a forward that has seen them as two. */
async function sayInPieces(forward: HookedForward, text: string, at: number): Promise<Peer> {
  const client = await connect(forward.port);
  const before = piecesOf(forward);
  if (at > 0) {
    await client.send(text.slice(0, at));
    await pieceSeen(forward, before);
  }
  await client.send(text.slice(at));
  return client;
}

describe('docs/hooks/header-rewrite.ts', () => {
  const head = 'GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: me\r\nCookie: a=1\r\nConnection: keep-alive';
  const rewritten = 'GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: somebody\r\nConnection: close';
  const files = (): readonly string[] => [pieceTeller(), example('header-rewrite.ts')];

  it('rewrites a head that is cut behind any byte, and passes on what follows', async () => {
    const target = await startTarget();
    const forward = await startHooked(start, formatTarget(target), files());
    const request = `${head}\r\n\r\nbody`;
    for (let at = 0; at < request.length; at++) {
      const client = await sayInPieces(forward, request, at);
      const far = await target.next();
      client.end();
      expect(String(await far.rest()), `cut at ${at}`).toBe(`${rewritten}\r\n\r\nbody`);
      far.end();
      await client.ended();
    }
  });

  it.each([
    ['speaks another protocol', '\x16\x03\x01\x02\x00'],
    ['speaks first and then waits', 'hello, is there anybody?'],
    ['sends a head that is too long', `GET /${'a'.repeat(65_536)}`],
  ])('lets a client go on that %s', async (_what, said) => {
    const target = await startTarget();
    const forward = await startHooked(start, formatTarget(target), files());
    const client = await connect(forward.port);
    await client.send(said);
    const far = await target.next();
    expect(String(await far.read(said.length))).toBe(said);
  });

  it('hands on half a head when its client ends in the middle', async () => {
    const target = await startTarget();
    const forward = await startHooked(start, formatTarget(target), files());
    const client = await connect(forward.port);
    await client.send('GET / HT');
    client.end();
    expect(String(await (await target.next()).rest())).toBe('GET / HT');
  });
});

describe('docs/hooks/block-by-content.ts', () => {
  const request = 'POST / HTTP/1.1\r\nHost: a.example\r\n\r\nthis is confidential, is it not?';
  const before = 'POST / HTTP/1.1\r\nHost: a.example\r\n\r\nthis is ';
  const files = (): readonly string[] => [pieceTeller(), example('block-by-content.ts')];

  it('finds the word wherever it is cut, answers the client, and lets nothing of it out', async () => {
    const target = await startTarget();
    const forward = await startHooked(start, formatTarget(target), files());
    for (let at = before.length; at <= before.length + 'confidential'.length; at++) {
      const client = await sayInPieces(forward, request, at);
      const far = await target.next();
      expect(String(await far.rest()), `cut at ${at}`).toBe(before);
      await far.send('HTTP/1.1 400 Bad Request\r\n\r\n');
      far.end();
      expect(String(await client.rest()), `cut at ${at}`).toMatch(
        /^HTTP\/1\.1 403 Forbidden\r\n.*\r\n\r\nThat stays here\.\n$/s,
      );
    }
  });

  it('answers in the place of a target that says nothing, and cuts short one that has answered', async () => {
    const target = await startTarget();
    const forward = await startHooked(start, formatTarget(target), files());
    const unanswered = await sayInPieces(forward, request, 0);
    const silent = await target.next();
    await silent.rest();
    silent.end();
    expect(String(await unanswered.rest())).toMatch(/^HTTP\/1\.1 403 /);

    const answered = await connect(forward.port);
    await answered.send('hello');
    const far = await target.next();
    await far.send('good day');
    expect(String(await answered.read(8))).toBe('good day');
    await answered.send('confidential');
    expect(String(await far.rest())).toBe('hello');
    await far.send('more');
    far.end();
    expect(String(await answered.rest())).toBe('');
  });

  it('lets pass what only begins like the word', async () => {
    const target = await startTarget();
    const forward = await startHooked(start, formatTarget(target), files());
    const client = await sayInPieces(forward, 'in confidence, conf', 7);
    client.end();
    expect(String(await (await target.next()).rest())).toBe('in confidence, conf');
  });
});

describe('docs/hooks/rate-report.js', () => {
  it('says each second what goes through, and of each connection what it was', async () => {
    const target = await startTarget();
    const forward = await startHooked(start, formatTarget(target), [example('rate-report.js')]);
    const client = await connect(forward.port);
    await client.send('a'.repeat(1500));
    const far = await target.next();
    await far.send('b'.repeat(2500));
    await client.read(2500);
    await vi.waitUntil(() => forward.said().some((line) => line.startsWith('1 open, up ')), 10_000);
    client.end();
    far.end();
    await client.ended();
    const { host, port } = target;
    const ended = /^1 (.*) up 1\.5 kB, down 2\.5 kB in \d+ ms, ended by client \(end\)$/;
    await vi.waitUntil(
      () => forward.said().some((line) => ended.exec(line)?.[1] === `${host}:${port}`),
      10_000,
    );
    const rates = (await forward.stop()).filter((line) => line.includes(' open, up '));
    expect(rates[0]).toMatch(/^1 open, up \d+\.\d kB\/s, down \d+\.\d kB\/s$/);
  });
});
