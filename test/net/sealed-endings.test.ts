import type net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuthError, ProtocolError } from '../../shared/errors.js';
import { SealedStream, type Wire } from '../../shared/net/sealed.js';
import { TcpStream } from '../../shared/net/tcp.js';
import { flipBit, openAll, pattern } from '../support/codec.js';
import { memoryConnection } from '../support/memory-socket.js';
import { RecordingSink } from '../support/push-stream.js';
import {
  chunkEnds,
  chunks,
  endMark,
  padding,
  sealedPair,
  wires,
  type SealedPair,
  type Ends,
} from '../support/sealed.js';
import { settle, turnsUntil } from '../support/turns.js';

const padded = (text: string): Buffer => Buffer.concat([Uint8Array.of(3), pattern(3, 77), Buffer.from(text)]);

/** What the peer says in this direction, padded where the wire asks for it. */
const words = (wire: Wire, text: string): Buffer => (wire === 'raw' ? padded(text) : Buffer.from(text));

interface End {
  readonly sealed: SealedStream;
  readonly sink: RecordingSink;
}

/** Two sealed streams that talk to each other, each attached to a sink. */
function talking(wire: Wire): { readonly here: End; readonly there: End } {
  const sockets = memoryConnection([1000]);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const { near, far } = chunkEnds(wire);
  const end = (socket: net.Socket, ends: Ends, padded: number): End => {
    const sealed = new SealedStream(new TcpStream(socket), ends, { wire, environment: padding(padded) });
    const sink = new RecordingSink();
    sealed.attach(sink);
    return { sealed, sink };
  };
  return { here: end(sockets[0], near, 9), there: end(sockets[1], far, 200) };
}

describe.each(wires)('the end of a sealed stream over the %s wire', (wire) => {
  it('is clean in each direction by itself', async () => {
    const { here, there } = talking(wire);
    here.sealed.write([Buffer.from('a request')]);
    here.sealed.end();
    expect([await there.sink.over(), there.sink.text]).toEqual(['ended', 'a request']);
    expect(here.sink.log).toEqual([]);
    there.sealed.write([Buffer.alloc(100_000, 1)]);
    there.sealed.end();
    expect([await here.sink.over(), here.sink.length]).toEqual(['ended', 100_000]);
  });

  it('is said once, and again to a sink that is attached behind it', async () => {
    const { here, there } = talking(wire);
    here.sealed.end();
    here.sealed.end();
    await there.sink.over();
    await settle();
    const late = new RecordingSink();
    there.sealed.giveBack(Buffer.from('left'));
    there.sealed.attach(late);
    expect([there.sink.log, late.log, late.text]).toEqual([['ended'], ['bytes', 'ended'], 'left']);
  });

  it('by truncation brings all that was written, then a failure', async () => {
    for (const before of ['', 'half of a file']) {
      const { here, there } = talking(wire);
      if (before !== '') here.sealed.write([Buffer.from(before)]);
      here.sealed.truncate();
      here.sealed.truncate();
      expect([await there.sink.over(), there.sink.text]).toEqual(['failed', before]);
      expect(there.sink.error).toMatchObject({ code: 'truncated' });
      expect(here.sink.log).toEqual([]);
    }
  });

  it('by a reset is a failure, and what resets hears nothing more', async () => {
    const { here, there } = talking(wire);
    here.sealed.abort();
    expect(await there.sink.over()).toBe('failed');
    await settle();
    expect([there.sink.log, here.sink.log]).toEqual([['failed'], []]);
  });

  it('in the middle of a chunk is a truncation, wherever it is', async () => {
    const { far } = chunkEnds(wire);
    const whole = chunks(far, words(wire, 'words'));
    for (let cut = 1; cut < whole.length; cut++) {
      const { sink, peer, socket } = await sealedPair(wire);
      await peer.send(whole.subarray(0, cut));
      peer.end();
      expect([cut, await sink.over(), sink.log]).toEqual([cut, 'failed', ['failed']]);
      expect(sink.error).toMatchObject({ code: 'truncated' });
      expect(socket.destroyed).toBe(true);
    }
  });

  it('tells a sink that is attached behind a failure of it', async () => {
    const { sealed, sink, peer } = await sealedPair(wire);
    peer.reset();
    await sink.over();
    const late = new RecordingSink();
    sealed.attach(late);
    expect([late.log, late.error]).toEqual([['failed'], sink.error]);
  });

  it('leaves nothing that could be sent over a stream that broke', async () => {
    const { sealed, socket, sink, peer } = await sealedPair(wire);
    peer.reset();
    await sink.over();
    const write = vi.spyOn(socket, 'write');
    sealed.end();
    sealed.truncate();
    expect(write).not.toHaveBeenCalled();
  });
});

it('a reset is nobody’s once both directions of the standard wire have ended', async () => {
  const { sealed, socket, sink, peer } = await sealedPair('shadowsocks');
  peer.socket.pause();
  for (let writes = 0; writes < 1000 && sealed.write([Buffer.alloc(100_000)]); writes++);
  sealed.end();
  peer.end();
  await sink.over();
  peer.reset();
  await turnsUntil(() => socket.closed);
  expect(sink.log).toEqual(['ended']);
});

describe('a FIN behind whole chunks', () => {
  it('is a clean end on the standard wire, which knows no better', async () => {
    const { sink, peer, far } = await sealedPair('shadowsocks');
    await peer.send(chunks(far, Buffer.from('words')));
    peer.end();
    expect([await sink.over(), sink.log]).toEqual(['ended', ['bytes', 'ended']]);
  });

  it('is a truncation on the raw wire', async () => {
    const { sink, peer, far } = await sealedPair('raw');
    await peer.send(chunks(far, padded('words')));
    peer.end();
    expect([await sink.over(), sink.log, sink.text]).toEqual(['failed', ['bytes', 'failed'], 'words']);
    expect(sink.error).toMatchObject({ code: 'truncated' });
  });
});

describe('an end mark', () => {
  it('goes in one write with the padding of a side that has said nothing', async () => {
    const { sealed, socket, peer, far } = await sealedPair('raw');
    sealed.end();
    expect(socket.bytesWritten).toBe(2 + 16 + 4 + 16 + 2 + 16 + 16);
    const { plaintext } = openAll(far.opener, [await peer.read(socket.bytesWritten)]);
    expect([plaintext.length, far.opener.ended]).toEqual([4, true]);
  });

  it('leaves the connection open until both have been sent, then closes it', async () => {
    for (const first of ['here', 'there'] as const) {
      const { sealed, sink, peer, far } = await sealedPair('raw');
      const mark = Buffer.concat([chunks(far, padded('')), endMark(far)]);
      if (first === 'here') {
        sealed.end();
        await turnsUntil(() => peer.waiting > 0);
        await settle();
        expect(peer.ending).toBeUndefined();
        await peer.send(mark);
      } else {
        await peer.send(mark);
        expect(await sink.over()).toBe('ended');
        expect(peer.ending).toBeUndefined();
        sealed.end();
      }
      expect(await peer.ended()).toBe('fin');
      expect(sink.log).toEqual(['ended']);
    }
  });

  it('has nothing behind it, neither in the same segment nor later', async () => {
    for (const together of [true, false]) {
      const { sealed, sink, peer, far } = await sealedPair('raw');
      const last = Buffer.concat([chunks(far, padded('words')), endMark(far)]);
      const extra = chunks(far, Buffer.from('more'));
      if (together) sealed.receive([Buffer.concat([last, extra])]);
      else {
        sealed.receive([last]);
        sealed.receive([extra]);
      }
      expect(sink.log).toEqual(together ? ['bytes', 'failed'] : ['bytes', 'ended', 'failed']);
      expect([sink.text, sink.error]).toEqual(['words', expect.any(ProtocolError)]);
      expect(await peer.ended()).toBe('reset');
    }
  });

  it('of both sides leaves nothing that a reset could break', async () => {
    const { sealed, sink, peer, far } = await sealedPair('raw');
    sealed.end();
    await peer.send(Buffer.concat([chunks(far, padded('')), endMark(far)]));
    await sink.over();
    peer.reset();
    await settle();
    expect(sink.log).toEqual(['ended']);
  });

  it('of the peer does not hide a reset from a side that still talks', async () => {
    const { sink, peer, far } = await sealedPair('raw');
    await peer.send(Buffer.concat([chunks(far, padded('')), endMark(far)]));
    await sink.over();
    peer.reset();
    await sink.until(() => sink.log.includes('failed'));
    expect(sink.log).toEqual(['ended', 'failed']);
  });

  it('of the peer, with a FIN behind it, tells a side that still talks that nobody listens', async () => {
    const { sink, peer, far } = await sealedPair('raw');
    await peer.send(Buffer.concat([chunks(far, padded('')), endMark(far)]));
    await sink.over();
    peer.end();
    await sink.until(() => sink.log.includes('failed'));
    expect(sink.error).toMatchObject({ code: 'truncated' });
  });
});

describe.each(wires)('tampered bytes on the %s wire', (wire) => {
  async function tampered(changes: Parameters<typeof sealedPair>[1]): Promise<SealedPair> {
    const pair = await sealedPair(wire, changes);
    const intact = chunks(pair.far, words(wire, 'intact'));
    const forged = flipBit(chunks(pair.far, Buffer.from('forged')), 300);
    pair.sealed.receive([Buffer.concat([intact, forged]), chunks(pair.far, Buffer.from('behind'))]);
    return pair;
  }

  it('bring what was intact before them, then a failure and a reset', async () => {
    const { sink, peer } = await tampered({});
    expect([sink.text, sink.log, sink.error]).toEqual(['intact', ['bytes', 'failed'], expect.any(AuthError)]);
    expect(await peer.ended()).toBe('reset');
  });

  it('bring no reset when the impostor is to be absorbed', async () => {
    const heard: unknown[] = [];
    const { sealed, stream, sink, peer } = await tampered({
      tampered: (...words) => heard.push(words),
    });
    expect([sink.text, sink.log]).toEqual(['intact', ['bytes', 'failed']]);
    expect(heard).toEqual([[stream, sink.error]]);
    sealed.end();
    sealed.truncate();
    expect(sealed.write([Buffer.from('what the target says meanwhile')])).toBe(true);
    sealed.abort();
    await settle();
    expect([peer.ending, peer.waiting]).toEqual([undefined, 0]);
  });
});
