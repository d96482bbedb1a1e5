import { describe, expect, it } from 'vitest';
import { dumpPage, dumpPageAs } from './chromium.js';
import { askingDoors, doors, password, user } from './doors.js';
import { startLocal, startRemote } from './halves.js';
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

it('Chromium with the PAC file of the port does not go around a remote that is gone', async () => {
  const remote = await startRemote([]);
  const { listen } = await startLocal(remote.uri);
  await remote.kill();
  const site = await startPage(ownAddress());
  const flags = [`--proxy-pac-url=http://${listen}/proxy.pac`];
  const dumped = await dumpPage(`http://${site.authority}/`, flags);
  expect(dumped).toContain('This page is from halflight');
  expect(site.peers()).toEqual([]);
});

/** Chromium knows no passwords for SOCKS5, but for HTTP, which is spoken on the same port. */
describe.each(Object.entries(askingDoors))('Chromium at %s', (_name, startDoor) => {
  it('loads a page and talks by a WebSocket with an http:// proxy and its password', async () => {
    const door = await startDoor();
    const site = await startPage('127.0.0.1');
    const flags = [`--proxy-server=http://${door.port}`, nothingLeftOut];
    const login = { username: user, password };
    expect(await dumpPageAs(login, `http://localhost:${site.port}/`, flags)).toContain(answered);
    await door.expectThrough(site);
  });

  it('loads a page and talks by a WebSocket with the PAC file of the port and its password', async () => {
    const door = await startDoor();
    const site = await startPage(ownAddress());
    const flags = [`--proxy-pac-url=http://${door.port}/proxy.pac`];
    const login = { username: user, password };
    expect(await dumpPageAs(login, `http://${site.authority}/`, flags)).toContain(answered);
    await door.expectThrough(site);
  });
});
