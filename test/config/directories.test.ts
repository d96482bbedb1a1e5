import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheDirectory, configDirectory, stateDirectory } from '../../shared/config/directories.js';

describe('where files live', () => {
  it('is where XDG says', () => {
    expect(configDirectory({ XDG_CONFIG_HOME: '/c', HOME: '/h' })).toBe('/c/halflight');
    expect(stateDirectory({ XDG_STATE_HOME: '/s', HOME: '/h' })).toBe('/s/halflight');
    expect(cacheDirectory({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/halflight');
  });

  it('is below the home directory when XDG says nothing, or nothing absolute', () => {
    expect(configDirectory({ HOME: '/h' })).toBe('/h/.config/halflight');
    expect(configDirectory({ XDG_CONFIG_HOME: 'relative', HOME: '/h' })).toBe('/h/.config/halflight');
    expect(stateDirectory({ XDG_STATE_HOME: '', HOME: '/h' })).toBe('/h/.local/state/halflight');
    expect(cacheDirectory({ HOME: '/h' })).toBe('/h/.cache/halflight');
  });

  it('is the first directory that systemd made, as it is', () => {
    expect(stateDirectory({ STATE_DIRECTORY: '/var/lib/halflight', XDG_STATE_HOME: '/s' })).toBe(
      '/var/lib/halflight',
    );
    expect(stateDirectory({ STATE_DIRECTORY: '/var/lib/a:/var/lib/b' })).toBe('/var/lib/a');
    expect(cacheDirectory({ CACHE_DIRECTORY: '/var/cache/halflight' })).toBe('/var/cache/halflight');
  });

  it('is nowhere for a home that is no directory', () => {
    expect(configDirectory({ HOME: '' })).toBeUndefined();
    expect(stateDirectory({ HOME: 'relative' })).toBeUndefined();
  });

  it("is below the account's home when the environment has none", () => {
    expect(configDirectory({})).toBe(join(homedir(), '.config', 'halflight'));
  });
});
