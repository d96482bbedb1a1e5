import { expect, it } from 'vitest';
import { connect } from '../support/peer.js';
import { startTunnel } from '../support/tunnel.js';

it('a program that speaks HTTP to the SOCKS5 port hears nothing, but its owner does', async () => {
  const { local } = await startTunnel();
  const client = await connect(local.port);
  void client.send(Buffer.from('GET http://secret.example/ HTTP/1.1\r\n\r\n'));
  expect(await client.ended()).toBe('fin');
  expect(local.seen('misspoken')).toEqual([
    { event: 'misspoken', protocol: 'HTTP', listen: local.service.listen },
  ]);
});
