import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { running } from '../support/forward.js';
import { connect } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { turnsUntil } from '../support/turns.js';
import { udpEcho, udpPeer } from '../support/udp.js';
import { openConnections } from '../../shared/serve/open.js';
import { openDatagramSockets } from '../../shared/net/descriptors.js';

/** The sockets of this process, by kind. */
function held(): readonly string[] {
  const kinds = process.getActiveResourcesInfo();
  return kinds.filter((kind) => /^(?:TCP|UDP|PipeServer)/i.test(kind)).toSorted();
}

describe('forwards that have stopped', () => {
  it('leave nothing behind', async () => {
    const [echo, datagrams] = [await startEcho(), await udpEcho()];
    const path = `${temporaryDirectory()}/from.sock`;
    const peer = await udpPeer();
    const [before, sockets] = [held(), openDatagramSockets()];
    const forward = await running([
      { to: echo },
      { from: { path }, to: echo },
      { to: datagrams, transport: 'udp' },
    ]);
    const client = await connect(forward.at[0]?.port ?? 0);
    await client.send('hello');
    await client.read(5);
    await peer.say('hello', forward.at[2] ?? datagrams);
    await peer.next();
    expect([openDatagramSockets(), [...openConnections()].length]).toEqual([sockets + 1, 2]);
    await forward.stop(0);
    await client.ended();
    await turnsUntil(() => held().join() === before.join());
    expect([openDatagramSockets(), [...openConnections()]]).toEqual([sockets, []]);
  });
});
