import { describe, expect, it } from 'vitest';
import { dig, known, long, startDnsmasq } from './dnsmasq.js';
import { waysWith } from './forward-ways.js';
import { startForward } from './halves.js';

const longAnswer = Array.from({ length: long.times }, () => `"${long.text}"`).join(' ');

describe.each(waysWith('datagrams'))(
  'dig through a forward of UDP, %s',
  (_name, { start, longDatagrams }) => {
    it.each(['127.0.0.1', '[::1]'])('from %s hears what the name server says', async (front) => {
      const server = await startDnsmasq();
      const { listen } = await startForward(`${front}:0/udp`, server, { via: await start() });
      const entrance = listen.replace(/\/udp$/, '');
      expect(await dig(entrance, known.name)).toEqual([known.address]);
      if (longDatagrams) expect(await dig(entrance, long.name, ['TXT'])).toEqual([longAnswer]);
    });

    it('asks it fifty questions at the same moment', async () => {
      const server = await startDnsmasq();
      const { listen } = await startForward('127.0.0.1:0/udp', server, { via: await start() });
      const entrance = listen.replace(/\/udp$/, '');
      // The first one finds the way, and the others find it open.
      await dig(entrance, known.name);
      const answers = await Promise.all(Array.from({ length: 50 }, () => dig(entrance, known.name)));
      expect(new Set(answers.flat())).toEqual(new Set([known.address]));
    });
  },
);

describe.each(waysWith('datagrams'))('dig through a forward of TCP, %s', (_name, { start }) => {
  it('hears what the name server says', async () => {
    const { listen } = await startForward('127.0.0.1:0', await startDnsmasq(), { via: await start() });
    expect(await dig(listen, known.name, ['+tcp'])).toEqual([known.address]);
  });
});
