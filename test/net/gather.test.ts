import { describe, expect, it } from 'vitest';
import { relay } from '../../shared/net/relay.js';
import { RecordingSink, ScriptedStream } from '../support/push-stream.js';
import { settle, turnsUntil } from '../support/turns.js';
import { type Pair, tcpPair } from '../support/tcp.js';

const answer = Buffer.from('an answer');
const mark = Buffer.from('and its end');

/** What is handed to the kernel by one call each, as text. */
function writes({ socket }: Pair): readonly string[] {
  const calls: string[] = [];
  socket._write = (piece: Uint8Array, _encoding, done) => {
    calls.push(Buffer.from(piece).toString());
    done();
  };
  socket._writev = (pieces, done) => {
    calls.push(pieces.map(({ chunk }) => String(chunk)).join('|'));
    done();
  };
  return calls;
}

describe('a socket that gathers', () => {
  it('sends what is written in the same turn at once, in order', async () => {
    const pair = await tcpPair('adopted');
    const calls = writes(pair);
    pair.stream.gather();
    pair.stream.write([answer]);
    expect(calls).toEqual([]);
    setImmediate(() => pair.stream.write([mark]));
    await turnsUntil(() => calls.length > 0);
    expect(calls).toEqual(['an answer|and its end']);
  });

  it('waits for one turn and no longer, and then writes as ever', async () => {
    const pair = await tcpPair('adopted');
    const calls = writes(pair);
    pair.stream.gather();
    pair.stream.write([answer]);
    await settle();
    expect(calls).toEqual(['an answer']);
    pair.stream.write([mark]);
    expect(calls).toEqual(['an answer', 'and its end']);
  });

  it('does not wait to end', async () => {
    const { stream, peer } = await tcpPair('adopted');
    stream.gather();
    stream.write([answer]);
    stream.end();
    expect([await peer.ended(), peer.waiting]).toEqual(['fin', answer.length]);
  });

  it('is none the worse for a connection that is gone before the turn is over', async () => {
    const { stream, peer } = await tcpPair('adopted');
    const sink = new RecordingSink();
    stream.attach(sink);
    stream.gather();
    stream.write([answer]);
    stream.abort();
    expect([await peer.ended(), peer.waiting]).toEqual(['reset', 0]);
    await settle();
    expect(sink.log).toEqual([]);
  });
});

describe('a relay', () => {
  const socket = (): ScriptedStream => new ScriptedStream({ lends: true, keeps: true });
  const sealed = (): ScriptedStream => new ScriptedStream({ lends: false, keeps: false });
  const gathered = ({ calls }: ScriptedStream): boolean => calls.includes('gather');

  it('has a sealed client gather a short answer with what follows it', () => {
    const [client, target] = [sealed(), socket()];
    relay(client, target, () => undefined);
    target.push('an answer');
    expect([gathered(client), client.said]).toEqual([true, 'an answer']);
  });

  it('lets a long piece of an answer go at once', () => {
    const [client, target] = [sealed(), socket()];
    relay(client, target, () => undefined);
    target.pushBytes(new Uint8Array(16 * 1024 + 1));
    expect(gathered(client)).toBe(false);
  });

  it('lets requests go at once, and what a plain client hears', () => {
    const [client, target] = [socket(), sealed()];
    relay(client, target, () => undefined);
    client.push('a request');
    target.push('an answer');
    expect([gathered(client), gathered(target)]).toEqual([false, false]);
  });
});
