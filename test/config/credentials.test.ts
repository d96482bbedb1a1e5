import fc from 'fast-check';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCredential, readCredentials, readOwnCredential } from '../../shared/config/credentials.js';
import { ConfigError } from '../../shared/errors.js';
import { messageOf, temporaryDirectories } from '../support/config.js';

const temporary = temporaryDirectories();
const canary = 'canary-word';

async function authFile(content: string | Uint8Array, mode = 0o600): Promise<string> {
  const path = join(await temporary(), 'users');
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

describe('a credential', () => {
  it('is cut at its first colon, whatever else is in it', () => {
    const text = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(text, text, (name, password) => {
        const user = name.replaceAll(':', ';');
        expect(parseCredential(`${user}:${password}`, '--auth')).toEqual({ user, password });
      }),
    );
    expect(parseCredential('ann: a:b ', '--auth')).toEqual({ user: 'ann', password: ' a:b ' });
  });

  it('takes 255 bytes of each', () => {
    const longest = 'é'.repeat(127) + 'x';
    expect(parseCredential(`${longest}:${longest}`, '--auth').user).toBe(longest);
  });

  it.each([
    ['no colon', canary, '--auth: expected USER:PASS, got no colon'],
    ['no user', `:${canary}`, '--auth: expected a user of 1 to 255 bytes, got 0'],
    ['no password', `${canary}:`, '--auth: expected a password of 1 to 255 bytes, got 0'],
    ['a user of 256 bytes', `${'é'.repeat(128)}:${canary}`, 'expected a user of 1 to 255 bytes, got 256'],
    ['a password of 256 bytes', `ann:${'x'.repeat(256)}`, 'expected a password of 1 to 255 bytes, got 256'],
    ['a NUL', `ann:${canary}\0`, 'without control characters in the password'],
    ['a line end', `an\nn:${canary}`, 'without control characters in the user'],
    ['a DEL', `ann:${canary}\u007f`, 'without control characters in the password'],
    ['what was no UTF-8', `ann:${canary}\ufffd`, 'only UTF-8'],
  ])('with %s is refused, and not shown', (_what, text, message) => {
    const said = messageOf(() => parseCredential(text, '--auth'));
    expect(said).toMatch(/^ConfigError: --auth: /);
    expect(said).toContain(message);
    expect(said).not.toContain(canary);
  });
});

describe('the credentials of a port', () => {
  it('are those of all flags and of the file; the variable counts when there are none', async () => {
    const path = await authFile('# the team\r\n\r\n  \nbob:two words\r\n  # more\nché:3');
    const variables = { HALFLIGHT_AUTH: 'eve:4\n' };
    expect(await readCredentials({ auth: ['ann:1'], authFile: path }, variables)).toEqual([
      { user: 'ann', password: '1' },
      { user: 'bob', password: 'two words' },
      { user: 'ché', password: '3' },
    ]);
    expect(await readCredentials({}, variables)).toEqual([{ user: 'eve', password: '4' }]);
    expect(await readCredentials({}, { HALFLIGHT_AUTH: '' })).toEqual([]);
  });

  it('are read behind a byte order mark', async () => {
    const path = await authFile('\ufeffann:1\r\n');
    expect(await readCredentials({ authFile: path }, {})).toEqual([{ user: 'ann', password: '1' }]);
  });

  it.each([
    ['a line without a colon', `ann:1\n\n${canary}\n`, ':3: expected USER:PASS, got no colon'],
    ['an empty password', `# ${canary}\nann:\n`, ':2: expected a password of 1 to 255 bytes'],
    ['a user twice', `ann:${canary}\nann:2\n`, ':2: expected every user once, got "ann" again'],
    [
      'a blank before the password',
      `ann: ${canary}\n`,
      ':1: expected no blanks around user and password, got some',
    ],
    ['a blank at the end', `ann:${canary} \r\n`, ':1: expected no blanks around user and password'],
    ['a blank before the user', ` ann:${canary}\n`, ':1: expected no blanks around user and password'],
    ['a blank behind the user', `ann :${canary}\n`, ':1: expected no blanks around user and password'],
    ['a control character', `ann:${canary}\t\n`, ':1: expected only UTF-8 without control'],
    ['bytes that are no UTF-8', Buffer.from(`ann:${canary}\xff`, 'latin1'), ':1: expected only UTF-8'],
    ['nobody in it', '# nobody yet\n', ': expected at least one line USER:PASS, got none'],
    ['nothing in it', '', ': expected at least one line USER:PASS, got none'],
    ['too much in it', `ann:1\n#${'x'.repeat(262_144)}`, ': expected at most 262144 bytes, got more'],
  ])('are refused from a file with %s, named by its place', async (_what, content, message) => {
    const path = await authFile(content);
    const refused = readCredentials({ authFile: path }, {});
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(`auth file ${path}${message}`);
    await expect(refused).rejects.not.toThrow(canary);
  });

  it('are refused when flags, or flag and file, name a user twice', async () => {
    await expect(readCredentials({ auth: ['ann:1', 'ann:1'] }, {})).rejects.toThrow(
      '--auth: expected every user',
    );
    const authFileOfAnn = await authFile('ann:2');
    await expect(readCredentials({ auth: ['ann:1'], authFile: authFileOfAnn }, {})).rejects.toThrow(
      `${authFileOfAnn}:1: expected every user once`,
    );
  });

  it('are never read from a file that others can read, a link, or nothing', async () => {
    const open = await authFile('ann:1', 0o640);
    await expect(readCredentials({ authFile: open }, {})).rejects.toThrow(
      `auth file ${open}: expected mode 0600 (others must not read it: chmod 600), got mode 0640`,
    );
    const link = `${await authFile('ann:1')}.link`;
    await symlink(open, link);
    await expect(readCredentials({ authFile: link }, {})).rejects.toThrow('got a symbolic link');
    await expect(readCredentials({ authFile: `${open}.none` }, {})).rejects.toThrow(
      '.none: expected a file, got none',
    );
  });
});

it('a flag that was taken for a credential is told from one', async () => {
  const message = '--auth: expected USER:PASS, got another flag';
  await expect(readCredentials({ auth: ['--open'] }, {})).rejects.toThrow(message);
  expect(() => readOwnCredential('-l', {})).toThrow(message);
  expect(readOwnCredential('-a:-b', {})).toEqual({ user: '-a', password: '-b' });
});

it('a client sends the credential of its flag, else that of the variable', () => {
  const variables = { HALFLIGHT_AUTH: 'eve:4' };
  expect(readOwnCredential('ann:1', variables)).toEqual({ user: 'ann', password: '1' });
  expect(readOwnCredential(undefined, variables)).toEqual({ user: 'eve', password: '4' });
  expect(readOwnCredential(undefined, {})).toBeUndefined();
  expect(() => readOwnCredential(undefined, { HALFLIGHT_AUTH: 'eve' })).toThrow(
    'HALFLIGHT_AUTH: expected USER:PASS',
  );
});
