import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatTarget } from '../../shared/codec/address.js';
import { temporaryDirectory } from '../support/directory.js';
import { connect, type Peer } from '../support/peer.js';
import { startEcho, startTarget as startListener } from '../support/targets.js';
import { content, digest } from './content.js';
import { curlStraight } from './curl.js';
import { forwardWays, waysWith } from './forward-ways.js';
import { startForward } from './halves.js';
import { portOf } from './libev.js';
import { startTarget } from './target.js';

const many = 200;

/** A raw client of a forward. */
function connectTo(listen: string): Promise<Peer> {
  const { hostname } = new URL(`tcp://${listen}`);
  return connect(Number(portOf(listen)), hostname.replace(/^\[|\]$/g, ''));
}

const fronts = ['127.0.0.1', '[::1]'] as const;

describe.each(Object.entries(forwardWays))('a forward, %s', (_name, { start, toIpv6 }) => {
  const backs = toIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

  it('carries what curl gets and sends, from both families to both', async () => {
    const via = await start();
    for (const host of backs) {
      const target = await startTarget({ host });
      for (const front of fronts) {
        const { listen } = await startForward(`${front}:0`, target.authority, { via });
        const got = await curlStraight([`http://${listen}/3000000/1`]);
        expect(got).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(3_000_000, 1)) });
        const put = await curlStraight(['--upload-file', '-', `http://${listen}/`], content(3_000_000, 2));
        expect(put).toMatchObject({ exitCode: 0, complaint: '' });
        expect(target.uploads.at(-1)).toEqual(await digest(content(3_000_000, 2)));
      }
    }
  });

  it('carries what a raw client says, and its answer, byte for byte', async () => {
    const target = await startEcho();
    const { listen } = await startForward('127.0.0.1:0', formatTarget(target), { via: await start() });
    const client = await connectTo(listen);
    const poured = client.pour(5_000_000);
    const back = await client.read(5_000_000);
    expect(await digest([back])).toEqual({ bytes: 5_000_000, sha256: (await poured).sha256 });
  });
});

describe.each(waysWith('crowds'))('a forward, %s', (_name, { start }) => {
  it(`carries ${many} at the same moment`, async () => {
    const target = await startTarget({ together: many });
    const { listen } = await startForward('127.0.0.1:0', target.authority, { via: await start() });
    const directory = path.join(temporaryDirectory(), 'answers');
    await mkdir(directory);
    const parallel = ['--parallel', '--parallel-immediate', '--parallel-max', `${many}`];
    const files = ['--output', path.join(directory, '#1')];
    const outcome = await curlStraight([...parallel, ...files, `http://${listen}/20000/[1-${many}]`]);
    expect(outcome).toMatchObject({ exitCode: 0 });
    for (let seed = 1; seed <= many; seed++) {
      const answer = await readFile(path.join(directory, `${seed}`));
      expect(await digest([answer]), `answer ${seed}`).toEqual(await digest(content(20_000, seed)));
    }
  });
});

describe.each(waysWith('halfCloses'))('a forward, %s', (_name, { start }) => {
  it('ends each direction by itself, whichever is first', async () => {
    const target = await startListener();
    const { listen } = await startForward('127.0.0.1:0', formatTarget(target), { via: await start() });

    const asking = await connectTo(listen);
    await asking.send('question');
    asking.end();
    const answering = await target.next();
    expect(String(await answering.rest())).toBe('question');
    const answer = answering.pour(1_000_000);
    answering.end();
    expect(await asking.digest()).toEqual(await answer);
    expect(asking.ending).toBe('fin');

    const telling = await connectTo(listen);
    await telling.send('hello');
    const hearing = await target.next();
    await hearing.read(5);
    hearing.end();
    expect(await telling.ended()).toBe('fin');
    const told = telling.pour(1_000_000);
    telling.end();
    expect(await hearing.digest()).toEqual(await told);
  });
});

describe.each(waysWith('tellsResets'))('a forward, %s', (_name, { start }) => {
  it('passes on what a target said before it reset, and the reset', async () => {
    const target = await startListener();
    const { listen } = await startForward('127.0.0.1:0', formatTarget(target), { via: await start() });
    const client = await connectTo(listen);
    await client.send('question');
    const far = await target.next();
    await far.read(8);
    await far.send('the beginning of an ans');
    expect(String(await client.read(23))).toBe('the beginning of an ans');
    far.reset();
    expect(await client.ended()).toBe('reset');
  });

  it('resets the target of a client that resets early', async () => {
    const target = await startListener();
    const { listen } = await startForward('127.0.0.1:0', formatTarget(target), { via: await start() });
    const client = await connectTo(listen);
    await client.send('question');
    const far = await target.next();
    await far.read(8);
    client.reset();
    expect(await far.ended()).toBe('reset');
  });
});
