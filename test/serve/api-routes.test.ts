import { describe, expect, it } from 'vitest';
import { ApiFault, type Reply } from '../../shared/serve/api/reply.js';
import { answer, type Managed } from '../../shared/serve/api/routes.js';
import { noTraffic } from '../../shared/serve/usage-store.js';
import { memoryUsage, memoryUsers } from '../support/memory-users.js';

const ann = { name: 'ann', secret: 'key-of-ann' };
const ben = { name: 'ben', secret: 'key-of-ben' };

function managed(changes: Partial<Managed> = {}): Managed {
  const carried = { up: 2048, down: 4096, datagramsUp: 32, datagramsDown: 64 };
  const opened = { streams: 2, openedStreams: 16, associations: 1, openedAssociations: 8 };
  const usage = memoryUsage({ ann: { ...noTraffic, ...carried, ...opened }, gone: { ...noTraffic, up: 1 } });
  return { users: memoryUsers([ann, ben]), usage, ...changes };
}

/** What a request is answered, `body` being sent as it is. */
async function ask(line: string, body: string | Uint8Array = '', over = managed()): Promise<Reply> {
  const [method = '', target = ''] = line.split(' ');
  try {
    return await answer({ method, target, body: () => Promise.resolve(Buffer.from(body)) }, over);
  } catch (error) {
    if (error instanceof ApiFault) return error.reply;
    throw error;
  }
}

const traffic = {
  downlinkPackets: 64,
  downlinkBytes: 4096,
  uplinkPackets: 32,
  uplinkBytes: 2048,
  tcpSessions: 16,
  udpSessions: 8,
};
const nothing = Object.fromEntries(Object.keys(traffic).map((name) => [name, 0]));

describe('the management API', () => {
  it('says what it is', async () => {
    expect(await ask('GET /')).toEqual({ status: 200, json: { server: 'halflight', apiVersion: 'v1' } });
  });

  it('lists users with their keys', async () => {
    const users = [
      { username: 'ann', uPSK: 'key-of-ann' },
      { username: 'ben', uPSK: 'key-of-ben' },
    ];
    expect(await ask('GET /users')).toEqual({ status: 200, json: { users } });
  });

  it('adds a user', async () => {
    const over = managed();
    const eve = { username: 'eve', uPSK: 'key-of-eve' };
    expect(await ask('POST /users', JSON.stringify(eve), over)).toEqual({ status: 201, json: eve });
    expect(await over.users.list()).toContainEqual({ name: 'eve', secret: 'key-of-eve' });
  });

  it('shows a user with what it carried, and the sessions that it opened', async () => {
    const json = { username: 'ann', uPSK: 'key-of-ann', ...traffic };
    expect(await ask('GET /users/ann')).toEqual({ status: 200, json });
    expect(await ask('GET /users/ben')).toMatchObject({ json: { username: 'ben', ...nothing } });
    expect(await ask('GET /users/%61nn')).toEqual({ status: 200, json });
  });

  it('gives a user another key', async () => {
    const over = managed();
    expect(await ask('PATCH /users/ann', '{"uPSK":"another"}', over)).toEqual({ status: 204 });
    expect(await over.users.list()).toContainEqual({ name: 'ann', secret: 'another' });
  });

  it('gives a user the key that it has, as whoever got no answer the first time asks', async () => {
    const over = managed();
    expect(await ask('PATCH /users/ann', '{"uPSK":"key-of-ann"}', over)).toEqual({ status: 204 });
    expect(await over.users.list()).toEqual([ann, ben]);
  });

  it('removes a user', async () => {
    const over = managed();
    expect(await ask('DELETE /users/ann', '', over)).toEqual({ status: 204 });
    expect(await ask('DELETE /users/ann', '', over)).toMatchObject({ status: 404 });
    expect(await over.users.list()).toEqual([ben]);
  });

  it('adds up what all of them carried, and names each', async () => {
    const users = [
      { username: 'ann', ...traffic },
      { username: 'ben', ...nothing },
      { username: 'gone', ...nothing, uplinkBytes: 1 },
    ];
    expect(await ask('GET /stats')).toEqual({
      status: 200,
      json: { ...traffic, uplinkBytes: 2049, users },
    });
  });

  it.each(['/stats?clear=true', '/stats?clear', '/stats?a=b&clear=true'])(
    '%s begins at 0 again',
    async (target) => {
      const over = managed();
      expect(await ask(`GET ${target}`, '', over)).toMatchObject({ json: { uplinkBytes: 2049 } });
      expect(await ask(`GET ${target}`, '', over)).toMatchObject({ json: nothing });
    },
  );

  it.each(['/stats?clear=false', '/stats?Clear=true', '/stats?'])('%s does not', async (target) => {
    const over = managed();
    await ask(`GET ${target}`, '', over);
    expect(await ask(`GET ${target}`, '', over)).toMatchObject({ json: { uplinkBytes: 2049 } });
  });
});

describe('the management API refuses', () => {
  it.each([
    ['GET /users/eve', 404],
    ['GET /user', 404],
    ['GET /users/', 404],
    ['GET /users/ann/keys', 404],
    ['GET //users', 404],
    ['GET /__proto__', 404],
    ['GET /users/%ff', 400],
    ['GET /users/..%2f', 404],
    ['PUT /users', 405],
    ['constructor /users', 405],
    ['HEAD /', 405],
    ['POST /stats', 405],
  ])('%s with %i', async (line, status) => {
    const reply = await ask(line);
    expect(reply.status).toBe(status);
    expect(reply.json).toEqual({ error: expect.stringMatching(/expected .*, got /) as string });
  });

  it('a method, and names those that it knows', async () => {
    expect((await ask('PUT /users/ann')).headers).toEqual({ allow: 'GET, PATCH, DELETE' });
  });

  it.each([
    ['no JSON', 'username=eve'],
    ['half of it', '{"username":"eve","uPSK":"key'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no name', '{"uPSK":"key-of-eve"}'],
    ['an empty name', '{"username":"","uPSK":"key-of-eve"}'],
    ['a name that is a number', '{"username":1,"uPSK":"key-of-eve"}'],
    ['a name from a prototype', '{"__proto__":{"username":"eve"},"uPSK":"key-of-eve"}'],
    ['no key', '{"username":"eve"}'],
    ['a key that is a list', '{"username":"eve","uPSK":["key-of-eve"]}'],
    ['a name that is taken', '{"username":"ann","uPSK":"key-of-eve"}'],
    ['a key that is taken', '{"username":"eve","uPSK":"key-of-ben"}'],
    ['bytes that are no text', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('%s, and changes nothing', async (_, body) => {
    const over = managed();
    const reply = await ask('POST /users', body, over);
    expect(reply.status).toBe(400);
    expect(JSON.stringify(reply.json)).not.toMatch(/key-of/);
    expect(await over.users.list()).toEqual([ann, ben]);
  });

  it.each([
    ['the key of another', 'ann', 400, '{"uPSK":"key-of-ben"}'],
    ['no key', 'ann', 400, '{}'],
    ['a user that is none', 'eve', 404, '{"uPSK":"key-of-eve"}'],
  ])('to give %s', async (_, name, status, body) => {
    const over = managed();
    expect(await ask(`PATCH /users/${name}`, body, over)).toMatchObject({ status });
    expect(await over.users.list()).toEqual([ann, ben]);
  });
});
