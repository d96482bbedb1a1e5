import { describe, expect, it } from 'vitest';
import { serveApi } from '../../cli/api.js';
import { systemEnvironment, findMethod, generateSecret } from '../../index.js';
import { readService } from '../../shared/config/service-address.js';
import { apiToken, askApi } from '../support/api.js';
import { ask, localHalf, remoteHalf } from '../support/tunnel.js';

const method = '2022-blake3-aes-256-gcm';
const newKey = (): string => generateSecret(findMethod(method), systemEnvironment);

describe('the management API of a remote', () => {
  it('is not for its users, even where private targets are allowed', async () => {
    const annKey = newKey();
    const remote = await remoteHalf({ allowPrivate: true, users: [{ name: 'ann', secret: annKey }] });
    const settings = {
      listen: { host: '127.0.0.1', port: 0 },
      token: apiToken,
    };
    const api = await serveApi(remote.service, settings, () => undefined);
    const { port } = readService(api.listen);
    const ann = await localHalf(remote, { secret: `${remote.settings.secret}:${annKey}` });
    for (const host of ['127.0.0.1', 'localhost']) {
      const { reply } = await ask(ann.port, { host, port });
      expect(reply.code).not.toBe(0);
    }
    expect((await ask(ann.port, { host: '127.0.0.1', port })).reply.code).toBe(2);
    expect(await askApi(port, 'GET /users')).toMatchObject({ status: 200 });
    await api.stop(0);
  });
});
