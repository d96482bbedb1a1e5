/** The commands that are a half, or both. */
import type { Command } from '../commander.js';
import { help } from '../help.js';
import { localFlags, portOffering, remoteFlags } from '../options.js';
import { readAhead } from '../read-ahead.js';
import { type ConfigFlag, configured, named, typedOnly } from './settings.js';

type Remote = typeof import('../remote.js');
type Local = typeof import('../local.js');
type Up = typeof import('../up.js');

export function addHalves(root: Command): void {
  remoteFlags(root.command('remote').description('the half on the server'))
    .addHelpText('after', help.remote)
    .action(async (flags: Parameters<Remote['runRemote']>[0] & ConfigFlag) => {
      readAhead('./configured.js', './remote.js', '../remote/remote.js');
      const all = await configured('remote', flags);
      return (await import('../remote.js')).runRemote({ ...typedOnly(flags), ...all });
    });

  localFlags(root.command('local').description('the half on the laptop: a port for SOCKS and HTTP'))
    .addHelpText('after', help.local)
    .action(async (uris: readonly string[], flags: Parameters<Local['runLocal']>[1] & ConfigFlag) => {
      readAhead('./configured.js', './local.js', '../local/local.js');
      const all = await configured('local', { ...flags, ...named(uris) });
      return (await import('../local.js')).runLocal(all.uri, { ...typedOnly(flags), ...all });
    });

  portOffering(root.command('up').description('both halves in this process, to try it out'))
    .addHelpText('after', help.up)
    .action(async (flags: Parameters<Up['runUp']>[0]) => {
      readAhead('./up.js', '../remote/remote.js', '../local/local.js');
      return (await import('../up.js')).runUp(flags);
    });
}
