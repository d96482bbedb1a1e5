import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Role } from '../observe/events.js';
import type { Variables } from './variables.js';

// XDG Base Directory 0.8; systemd.exec for STATE_DIRECTORY.

/**
 * Where keys live: `$XDG_CONFIG_HOME/halflight`, else `~/.config/halflight`. Undefined for an account without a home.
 * Nothing is created.
 */
export function configDirectory(variables: Variables): string | undefined {
  return within(variables, variables['XDG_CONFIG_HOME'], '.config');
}

/** Where a program looks for its config file when none is named, in this order: in that directory, then in `/etc/halflight`. */
export function defaultConfigFiles(role: Role, variables: Variables): readonly string[] {
  const own = configDirectory(variables);
  return [...(own === undefined ? [] : [own]), '/etc/halflight'].map((place) => join(place, `${role}.json`));
}

/**
 * Where the replay journal lives: `$STATE_DIRECTORY` as it is, `$XDG_STATE_HOME/halflight`, else
 * `~/.local/state/halflight`. Undefined for an account without a home. Nothing is created.
 */
export function stateDirectory(variables: Variables): string | undefined {
  return (
    ofUnit(variables['STATE_DIRECTORY']) ??
    within(variables, variables['XDG_STATE_HOME'], join('.local', 'state'))
  );
}

/**
 * Where copies live that can be had again: `$CACHE_DIRECTORY` as it is, `$XDG_CACHE_HOME/halflight`, else
 * `~/.cache/halflight`. Undefined for an account without a home. Nothing is created.
 */
export function cacheDirectory(variables: Variables): string | undefined {
  return ofUnit(variables['CACHE_DIRECTORY']) ?? within(variables, variables['XDG_CACHE_HOME'], '.cache');
}

/** systemd lists several, colon-separated, when the unit names several: the first is ours. */
function ofUnit(list: string | undefined): string | undefined {
  const [first = ''] = (list ?? '').split(':');
  return isAbsolute(first) ? first : undefined;
}

/** XDG: a path that is not absolute is to be ignored. */
function within(variables: Variables, base: string | undefined, underHome: string): string | undefined {
  if (base !== undefined && isAbsolute(base)) return join(base, 'halflight');
  const home = variables['HOME'] ?? accountHome();
  return home !== undefined && isAbsolute(home) ? join(home, underHome, 'halflight') : undefined;
}

/** `homedir` throws when the account is in no user database, as in many containers. */
function accountHome(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
