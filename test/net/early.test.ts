import { describe, expect, it } from 'vitest';
import { HandshakeDriver } from '../../shared/net/drive.js';
import { EarlyStream } from '../../shared/net/early.js';
import { relay } from '../../shared/net/relay.js';
import { RecordingSink, ScriptedStream } from '../support/push-stream.js';

function early(): { readonly far: ScriptedStream; readonly stream: EarlyStream } {
  const far = new ScriptedStream();
  return { far, stream: new EarlyStream(far, new HandshakeDriver(far)) };
}

describe('a stream that is used before the peer has answered', () => {
  it('stays paused when the answer comes, for a client that reads nothing', () => {
    const { far, stream } = early();
    const sink = new RecordingSink();
    stream.attach(sink);
    stream.pause();
    stream.open();
    far.push('much');
    expect([sink.text, far.paused]).toEqual(['', true]);
    stream.resume();
    expect(sink.text).toBe('much');
  });

  it('flows when it was resumed before the answer came', () => {
    const { far, stream } = early();
    const sink = new RecordingSink();
    stream.attach(sink);
    stream.pause();
    stream.resume();
    stream.open();
    far.push('much');
    expect(sink.text).toBe('much');
  });

  it('goes on taking what a client says when what filled it has left, with no answer yet', () => {
    const { far, stream } = early();
    const client = new ScriptedStream();
    relay(client, stream, () => undefined);
    far.room = false;
    client.push('one');
    expect(client.paused).toBe(true);
    far.drain();
    client.push('two');
    expect([client.paused, far.said]).toEqual([false, 'onetwo']);
    stream.abort();
  });
});
