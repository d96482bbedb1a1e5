import { expect, it } from 'vitest';
import { asTcp } from '../../shared/net/stream-socket.js';
import type { PushStream } from '../../shared/net/stream.js';
import type { TcpStream } from '../../shared/net/tcp.js';
import { RecordingSink } from '../support/push-stream.js';
import { tcpPair } from '../support/tcp.js';

/** A stream that could be anything, over one of the system's. */
function disguised(tcp: TcpStream): PushStream {
  return {
    lends: tcp.lends,
    keeps: tcp.keeps,
    attach: (sink) => {
      tcp.attach(sink);
    },
    giveBack: (bytes) => {
      tcp.giveBack(bytes);
    },
    pause: () => {
      tcp.pause();
    },
    resume: () => {
      tcp.resume();
    },
    write: (pieces) => tcp.write(pieces),
    spend: (pieces) => tcp.spend(pieces),
    end: () => {
      tcp.end();
    },
    truncate: () => {
      tcp.truncate();
    },
    abort: () => {
      tcp.abort();
    },
  };
}

it('a stream that is not the system’s goes on talking when its peer has ended', async () => {
  const { stream, peer } = await tcpPair('dialled');
  const layered = asTcp(disguised(stream));
  const sink = new RecordingSink();
  layered.attach(sink);
  peer.end();
  expect(await sink.over()).toBe('ended');
  layered.write([Buffer.from('last words')]);
  layered.end();
  expect([(await peer.rest()).toString(), peer.ending]).toEqual(['last words', 'fin']);
});
