/** The commands about config files. */
import { UsageError } from '../../shared/config/exit.js';
import type { Command, Option } from '../commander.js';
import { help } from '../help.js';
import { configFile, forwardFlags, localFlags, once, remoteFlags } from '../options.js';
import { type ConfigFlag, forwarded, type ForwardTyped, named } from './settings.js';

type Config = typeof import('../config.js');

export function addConfig(root: Command): void {
  const config = root
    .command('config')
    .description('check config files, show what holds, import those of other programs')
    .addHelpText('after', help.config)
    .allowExcessArguments()
    .action(() => {
      const got = config.args.length === 0 ? 'none' : 'another word';
      throw new UsageError(`config: expected check, show or import, got ${got}; see halflight config --help`);
    });
  const half = (): Option => once('--for <program>', 'what it is for', ['local', 'remote', 'forward']);
  config
    .command('check')
    .description('say what is wrong with a file, if anything is')
    .allowExcessArguments(false)
    .argument('<file>')
    .addOption(half())
    .action(async (file: string, flags: Parameters<Config['runCheck']>[1]) =>
      (await import('../config.js')).runCheck(file, flags),
    );
  config
    .command('import')
    .description('write the file of another program as one of ours')
    .allowExcessArguments(false)
    .argument('<file>')
    .addOption(half())
    .addOption(once('-o, --output <file>', 'a new file to write; - is stdout, as by default'))
    .action(async (file: string, flags: Parameters<Config['runImport']>[1]) =>
      (await import('../config.js')).runImport(file, flags),
    );
  const show = config
    .command('show')
    .description('show every setting and who said it, without secrets')
    .allowExcessArguments(false)
    .enablePositionalOptions()
    .addOption(configFile('HALF'))
    .action(async (flags: ConfigFlag) => (await import('../config.js')).runShow(undefined, {}, flags.config));
  const path = (flags: ConfigFlag): string | undefined => flags.config ?? show.opts<ConfigFlag>().config;
  remoteFlags(show.command('remote').description('with these flags')).action(async (flags: ConfigFlag) =>
    (await import('../config.js')).runShow('remote', flags, path(flags)),
  );
  localFlags(show.command('local').description('with these flags')).action(
    async (uris: readonly string[], flags: ConfigFlag) =>
      (await import('../config.js')).runShow('local', { ...flags, ...named(uris) }, path(flags)),
  );
  forwardFlags(show.command('forward').description('with these arguments and flags')).action(
    async (from: string | undefined, to: string | undefined, flags: ForwardTyped) => {
      const typed = await forwarded([from, to], flags);
      return (await import('../config.js')).runShow('forward', typed, path(flags));
    },
  );
}
