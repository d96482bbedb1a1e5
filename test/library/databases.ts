/** As much of two databases as a client needs to be content: what is asked of them is not the matter. */
import { startTarget, type TestTarget } from '../support/targets.js';
import type { Peer } from '../support/peer.js';

/** Speaks RESP: knows PING, SET and GET, and says OK to everything else. */
export function startRedis(): Promise<TestTarget> {
  const stored = new Map<string, string>();
  const bulk = (value: string | undefined): string =>
    value === undefined ? '$-1\r\n' : `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
  const answers: Readonly<Record<string, (...words: string[]) => string>> = {
    PING: () => '+PONG\r\n',
    INFO: () => bulk('redis_version:7.0.0\r\nloading:0\r\n'),
    GET: (key = '') => bulk(stored.get(key)),
    SET: (key = '', value = '') => {
      stored.set(key, value);
      return '+OK\r\n';
    },
  };
  return startTarget({ serve: (peer) => void serve(peer) });

  async function serve(peer: Peer): Promise<void> {
    try {
      for (;;) {
        const [command = '', ...words] = await readCommand(peer);
        const answer = answers[command.toUpperCase()];
        void peer.send(answer === undefined ? '+OK\r\n' : answer(...words));
      }
    } catch {
      peer.end();
    }
  }
}

async function readCommand(peer: Peer): Promise<readonly string[]> {
  const words: string[] = [];
  for (let left = await readCount(peer); left > 0; left -= 1) {
    const length = await readCount(peer);
    words.push((await peer.read(length + 2)).subarray(0, length).toString());
  }
  return words;
}

/** The number in a line such as `*3` or `$5`. */
async function readCount(peer: Peer): Promise<number> {
  let line = '';
  while (!line.endsWith('\r\n')) line += (await peer.read(1)).toString();
  return Number(line.slice(1));
}

/** Speaks version 3 of the protocol of PostgreSQL: lets everybody in, and answers each query with one row, `1`. */
export function startPostgres(): Promise<TestTarget> {
  const message = (type: string, body: Uint8Array): Buffer => {
    const head = Buffer.from(`${type}....`);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const ready = message('Z', Buffer.from('I'));
  const column = Buffer.concat([
    // One column: its name, table 0, attribute 0, type int4 of 4 bytes, no modifier, as text.
    Buffer.from('\0\x01one\0', 'latin1'),
    Buffer.from('00000000000000000017' + '0004ffffffff0000', 'hex'),
  ]);
  const row = Buffer.from('\0\x01\0\0\0\x01' + '1', 'latin1');
  const answer = [message('T', column), message('D', row), message('C', Buffer.from('SELECT 1\0')), ready];
  return startTarget({ serve: (peer) => void serve(peer) });

  async function serve(peer: Peer): Promise<void> {
    try {
      await peer.read((await peer.read(4)).readInt32BE() - 4);
      void peer.send(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
      for (;;) {
        const head = await peer.read(5);
        await peer.read(head.readInt32BE(1) - 4);
        if (head.toString('latin1', 0, 1) === 'X') break;
        void peer.send(Buffer.concat(answer));
      }
      peer.end();
    } catch {
      peer.end();
    }
  }
}
