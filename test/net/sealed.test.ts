import { describe, expect, it } from 'vitest';
import { RequestSealer, ResponseOpener } from '../../shared/codec/stream.js';
import { methods } from '../../shared/codec/methods.js';
import { SealedStream } from '../../shared/net/sealed.js';
import { cipherFor, fixedEnvironment, openAll, pattern } from '../support/codec.js';
import { RecordingSink } from '../support/push-stream.js';
import { chunkEnds, chunks, padding, sealedPair, wires } from '../support/sealed.js';
import { tcpPair } from '../support/tcp.js';
import { settle, turnsUntil } from '../support/turns.js';

const MiB = 1024 * 1024;
const empty = new Uint8Array(0);

describe.each(wires)('a sealed stream over the %s wire', (wire) => {
  /** What stands before the first word of a direction that is padded with three bytes. */
  const pad = wire === 'raw' ? Buffer.concat([Uint8Array.of(3), pattern(3, 77)]) : empty;

  it('lends nothing and keeps nothing', async () => {
    const { sealed } = await sealedPair(wire);
    expect([sealed.lends, sealed.keeps]).toEqual([false, false]);
  });

  it('seals what is written, its padding and first words in one chunk', async () => {
    const { sealed, peer, far } = await sealedPair(wire);
    sealed.write([Buffer.from('first '), Buffer.from('words')]);
    const chunk = await peer.read(2 + 16 + pad.length + 11 + 16);
    const { plaintext } = openAll(far.opener, [chunk]);
    expect(Buffer.from(plaintext)).toEqual(Buffer.concat([pad, Buffer.from('first words')]));
    sealed.write([Buffer.from('later')]);
    const later = openAll(far.opener, [await peer.read(2 + 16 + 5 + 16)]);
    expect(Buffer.from(later.plaintext).toString()).toBe('later');
  });

  it('opens what comes, without its padding', async () => {
    const { sink, peer, far } = await sealedPair(wire);
    const words = Buffer.concat([pad, Buffer.from('hello')]);
    await peer.send(chunks(far, words));
    await sink.heard(5);
    expect(sink.text).toBe('hello');
  });

  it('begins with the words that came with the opening', async () => {
    const early = Buffer.concat([pad, Buffer.from('early')]);
    const { sink, peer, far } = await sealedPair(wire, { early });
    expect(sink.text).toBe('early');
    await peer.send(chunks(far, Buffer.from(' and late')));
    await sink.heard(14);
    expect(sink.text).toBe('early and late');
  });

  it('brings what was given back first, then what comes', async () => {
    const { sealed, sink, peer, far } = await sealedPair(wire);
    await peer.send(chunks(far, Buffer.concat([pad, Buffer.from('abc')])));
    await sink.heard(3);
    sealed.pause();
    await peer.send(chunks(far, Buffer.from('ghi')));
    const next = new RecordingSink();
    sealed.giveBack(Buffer.from('def'));
    sealed.attach(next);
    expect(next.text).toBe('def');
    await next.heard(6);
    expect([sink.text, next.text]).toEqual(['abc', 'defghi']);
  });

  it('brings no piece for nothing given back', async () => {
    const { sealed } = await sealedPair(wire);
    const next = new RecordingSink();
    sealed.giveBack(empty);
    sealed.attach(next);
    expect(next.log).toEqual([]);
  });

  it('tells nothing more to a sink that hands it on while it takes the first bytes', async () => {
    const { sealed, stream, sink } = await sealedPair(wire);
    stream.interrupt(new Error('broken'));
    await sink.over();
    const [first, second] = [new RecordingSink(), new RecordingSink()];
    first.onReceive = () => {
      sealed.attach(second);
    };
    sealed.giveBack(Buffer.from('mine'));
    sealed.attach(first);
    expect([first.log, second.log]).toEqual([['bytes'], ['failed']]);
  });

  it.each(['first', 'second'])('stays paused for its %s sink when that pauses it at once', async (which) => {
    const { stream, socket, peer } = await tcpPair('accepted');
    const { near, far } = chunkEnds(wire);
    const sealed = new SealedStream(stream, near, { wire, environment: padding(3) });
    if (which === 'second') sealed.attach(new RecordingSink());
    const sink = new RecordingSink();
    sink.onReceive = () => {
      sealed.pause();
    };
    sealed.giveBack(Buffer.from('front '));
    sealed.attach(sink);
    expect(socket.isPaused()).toBe(true);
    await peer.send(chunks(far, Buffer.concat([pad, Buffer.from('behind')])));
    await settle();
    expect(sink.text).toBe('front ');
    sealed.resume();
    await sink.heard(12);
    expect(sink.text).toBe('front behind');
  });

  it('stops its writer while it is paused, and gets everything afterwards', async () => {
    const { sealed, socket, sink, peer, far } = await sealedPair(wire);
    sealed.pause();
    const words = pattern(24 * MiB);
    void peer.send(chunks(far, Buffer.concat([pad, words])));
    await turnsUntil(() => peer.socket.writableNeedDrain);
    await settle();
    expect(socket.bytesRead).toBeLessThan(MiB);
    sealed.resume();
    await sink.heard(words.length);
    expect(Buffer.from(sink.bytes).equals(words)).toBe(true);
  });

  it('says when enough is waiting, and when it has been sent', async () => {
    const { sealed, sink, peer } = await sealedPair(wire);
    peer.socket.pause();
    for (let writes = 0; writes < 1000 && sealed.write([Buffer.alloc(100_000)]); writes++);
    expect(sink.log).toEqual([]);
    peer.socket.resume();
    await sink.until(() => sink.log.includes('writable'));
  });
});

describe('padding', () => {
  it('of every length is put in front of the first words, and skipped by the other end', async () => {
    const environments = Array.from({ length: 256 }, (_, length) => [length, padding(length)] as const);
    for (const [length, environment] of environments) {
      const pair = await sealedPair('raw', { environment });
      pair.sealed.write([Buffer.from('words')]);
      const chunk = await pair.peer.read(2 + 16 + 1 + length + 5 + 16);
      const { plaintext } = openAll(pair.far.opener, [chunk]);
      expect([plaintext[0], Buffer.from(plaintext.subarray(1 + length)).toString()]).toEqual([
        length,
        'words',
      ]);
      // The same plaintext the other way, its first byte in a chunk of its own.
      pair.sealed.receive([chunks(pair.far, plaintext.subarray(0, 1), plaintext.subarray(1))]);
      expect(pair.sink.text).toBe('words');
      pair.peer.reset();
    }
  });

  it.each([0, 1, 200, 255])('of %i bytes is skipped wherever the chunks are cut', async (length) => {
    const plaintext = Buffer.concat([Uint8Array.of(length), pattern(length), Buffer.from('words')]);
    for (let cut = 0; cut <= plaintext.length; cut += length > 100 ? 17 : 1) {
      const early = plaintext.subarray(0, cut);
      const { sealed, sink, far } = await sealedPair('raw', { early });
      sealed.receive([chunks(far, plaintext.subarray(cut))]);
      expect(sink.text).toBe('words');
    }
  });

  it('is drawn anew for every direction of every conversation', async () => {
    const seen = new Set<number>();
    const dice = fixedEnvironment();
    for (let run = 0; run < 4; run++) {
      const { sealed, peer, far } = await sealedPair('raw', { environment: dice });
      sealed.end();
      await turnsUntil(() => peer.waiting >= 2 + 16 + 1 + 16 + 34);
      const { plaintext } = openAll(far.opener, [await peer.read(peer.waiting)]);
      expect(plaintext.length).toBe(1 + (plaintext[0] ?? 0));
      seen.add(plaintext[0] ?? 0);
    }
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe('the header of a request whose client says nothing', () => {
  async function speechless(): Promise<
    Awaited<ReturnType<typeof tcpPair>> & { readonly sealed: SealedStream; readonly headerLength: number }
  > {
    const cipher = cipherFor(methods['aes-256-gcm']);
    const target = { host: '192.0.2.1', port: 443 };
    const environment = fixedEnvironment();
    const sealer = new RequestSealer(cipher, target, environment);
    const opener = new ResponseOpener(cipher, sealer.salt, environment, { endMarks: false });
    const pair = await tcpPair('dialled');
    const header = (out: Uint8Array[]): void => {
      sealer.open(out);
    };
    const sealed = new SealedStream(
      pair.stream,
      { sealer, opener },
      { wire: 'shadowsocks', environment, header },
    );
    // Salt, then one chunk with the address: SIP004.
    return { ...pair, sealed, headerLength: 32 + 2 + 16 + 7 + 16 };
  }

  it('is sent once when it is asked for', async () => {
    const { sealed, peer, headerLength } = await speechless();
    sealed.speakUp();
    sealed.speakUp();
    sealed.write([Buffer.from('words')]);
    await peer.read(headerLength + 2 + 16 + 5 + 16);
    await settle();
    expect(peer.waiting).toBe(0);
  });

  it('goes with the first words when those come first', async () => {
    const { sealed, peer, headerLength } = await speechless();
    sealed.write([Buffer.from('words')]);
    sealed.speakUp();
    await peer.read(headerLength + 5);
    await settle();
    expect(peer.waiting).toBe(0);
  });

  it('is sent before the end of a client that never spoke', async () => {
    const { sealed, peer, headerLength } = await speechless();
    sealed.end();
    expect([(await peer.rest()).length, peer.ending]).toEqual([headerLength, 'fin']);
  });

  it('is not sent over a stream that broke', async () => {
    const { sealed, peer } = await speechless();
    sealed.abort();
    sealed.speakUp();
    expect([(await peer.rest()).length, peer.ending]).toEqual([0, 'reset']);
  });
});
