import { describe, expect, it } from 'vitest';
import { allMethods } from '../support/codec.js';
import { datagramService, packetPeer } from '../support/associations.js';
import { udpEcho } from '../support/udp.js';

describe.each(allMethods)('an association with $name', ({ name }) => {
  it('carries datagrams to a target and back', async () => {
    const service = await datagramService({ method: name });
    const echo = await udpEcho();
    const client = await packetPeer(service);
    await client.ask(echo, 'hello');
    const { source, payload } = await client.answer();
    expect(source).toEqual({ host: echo.host, port: echo.port });
    expect(Buffer.from(payload).toString()).toBe('hello');
    expect(service.service.counts()).toEqual({ associations: 1, forged: 0, dropped: 0 });
  });
});
