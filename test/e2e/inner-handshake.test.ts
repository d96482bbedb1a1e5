import { describe, expect, it } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { reservedTarget } from '../../shared/codec/address.js';
import { ResponseOpener } from '../../shared/codec/stream.js';
import { systemEnvironment } from '../../index.js';
import { connect } from '../support/peer.js';
import { shadowsocksFlight } from '../support/prober.js';
import { startEcho } from '../support/targets.js';
import { expectServed, localHalf, remoteHalf, type RunningRemote } from '../support/tunnel.js';

const tail = '00 01 00000000 0000';

/** What somebody with the key says inside a carrier, and what the remote answers before its end mark. */
const cases: readonly (readonly [name: string, said: string, answered: string])[] = [
  ['a greeting with 0 methods', '05 00', '05ff'],
  ['a greeting with method 2 only', '05 01 02', '05ff'],
  ['SOCKS4 for a port 25', '04 01 0019 7f000001 00', '005b 0000 00000000'],
  ['a small letter', Buffer.from('get / HTTP/1.1\r\n\r\n').toString('hex'), ''],
  ['BIND', '05 01 00 05 02 00 01 7f000001 0050', `0500 05 02 ${tail}`],
  ['UDP ASSOCIATE', '05 01 00 05 03 00 01 7f000001 0050', `0500 05 07 ${tail}`],
  ['ATYP 9', '05 01 00 05 01 00 09', `0500 05 08 ${tail}`],
  ['port 0', '05 01 00 05 01 00 01 7f000001 0000', `0500 05 01 ${tail}`],
  ['a name with a NUL', '05 01 00 05 01 00 03 03 610062 0050', `0500 05 04 ${tail}`],
  ['a port 25', '05 01 00 05 01 00 01 7f000001 0019', `0500 05 02 ${tail}`],
];

/** A carrier whose conversation has ended is closed soon: the whole answer has been heard then. */
const impatient = { timeouts: { carrierRestMs: 40 } };

/** All that the remote says to this conversation, its padding taken off, up to its end mark. */
async function answerTo(remote: RunningRemote, said: string): Promise<string> {
  const words = Buffer.from(said.replaceAll(' ', ''), 'hex');
  const { bytes, sealer } = shadowsocksFlight(remote.cipher, reservedTarget, {
    payload: concat([Uint8Array.of(0), words]),
  });
  const mark: Uint8Array[] = [];
  sealer.end(mark);
  const peer = await connect(remote.port);
  await peer.send(concat([bytes, ...mark]));
  const sealed = await peer.rest();
  expect(peer.ending).toBe('fin');

  const salt = bytes.subarray(0, remote.cipher.method.saltLength);
  const opener = new ResponseOpener(remote.cipher, salt, systemEnvironment, { endMarks: true });
  const opened: Uint8Array[] = [];
  expect(opener.open(sealed, opened)).toBe(sealed.length);
  expect(opener.ended).toBe(true);
  const plain = Buffer.concat(opened);
  return plain.subarray(1 + plain.readUInt8(0)).toString('hex');
}

describe('the remote, as the SOCKS5 server inside a carrier,', () => {
  it.each(cases)('answers %s with exact words and an end mark', async (_name, said, answered) => {
    const remote = await remoteHalf(impatient);
    expect(await answerTo(remote, said)).toBe(answered.replaceAll(' ', ''));
    await expectServed({ local: await localHalf(remote) }, await startEcho());
  });

  it('hides the length of its answers behind padding', async () => {
    const remote = await remoteHalf(impatient);
    const lengths = new Set<number>();
    for (let run = 0; run < 40; run++) {
      const peer = await connect(remote.port);
      const { bytes, sealer } = shadowsocksFlight(remote.cipher, reservedTarget, {
        payload: Uint8Array.of(0, 5, 0),
      });
      const mark: Uint8Array[] = [];
      sealer.end(mark);
      await peer.send(concat([bytes, ...mark]));
      lengths.add((await peer.rest()).length);
    }
    // 40 draws from 256 lengths: fewer than 20 different ones will not be seen before the sun goes out.
    expect(lengths.size).toBeGreaterThan(20);
  });
});
