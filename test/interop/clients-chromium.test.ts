import { describe, expect, it } from 'vitest';
import { dumpPage } from './chromium.js';
import { doors } from './doors.js';
import { answered, startPage } from './page.js';
import { ownAddress } from './site.js';

/** Chromium leaves out what is on its own machine unless it is told not to. */
const nothingLeftOut = '--proxy-bypass-list=<-loopback>';

describe.each(Object.entries(doors))('Chromium over %s', (_name, startDoor) => {
  it.each(['socks5', 'http'])('loads a page and talks by a WebSocket with a %s:// proxy', async (scheme) => {
    const door = await startDoor();
    const site = await startPage('127.0.0.1');
    const flags = [`--proxy-server=${scheme}://${door.port}`, nothingLeftOut];
    expect(await dumpPage(`http://localhost:${site.port}/`, flags)).toContain(answered);
    await door.expectThrough(site);
  });

  it('loads a page and talks by a WebSocket with the PAC file of the port', async () => {
    const door = await startDoor();
    const site = await startPage(ownAddress());
    const flags = [`--proxy-pac-url=http://${door.port}/proxy.pac`];
    expect(await dumpPage(`http://${site.authority}/`, flags)).toContain(answered);
    await door.expectThrough(site);
  });
});
