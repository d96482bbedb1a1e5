/** The commands that lead traffic elsewhere, and those that look at it. */
import { UsageError } from '../../shared/config/exit.js';
import type { Command } from '../commander.js';
import { help } from '../help.js';
import { forwardFlags, once } from '../options.js';
import { readAhead } from '../read-ahead.js';
import { configured, forwarded, type ForwardTyped, typedOnly } from './settings.js';

type Forward = typeof import('../forward.js');
type Dump = typeof import('../dump.js');

export function addTraffic(root: Command): void {
  forwardFlags(root.command('forward').description('ports that lead to one target each'))
    .addHelpText('after', help.forward)
    .action(
      async (
        from: string | undefined,
        to: string | undefined,
        flags: Parameters<Forward['runForward']>[0] & ForwardTyped,
      ) => {
        readAhead('./configured.js', './forward.js', '../forward/forward.js');
        const all = await configured('forward', await forwarded([from, to], flags));
        return (await import('../forward.js')).runForward({ ...typedOnly(flags), ...all });
      },
    );

  const dump = root
    .command('dump')
    .description('read what the dumper wrote')
    .addHelpText('after', help.dump)
    .allowExcessArguments()
    .action(() => {
      const got = dump.args.length === 0 ? 'none' : 'another word';
      throw new UsageError(`dump: expected cat, got ${got}; see halflight dump --help`);
    });
  dump
    .command('cat')
    .description('print a dump in packets as text')
    .allowExcessArguments(false)
    .argument('<file>')
    .addOption(once('--extract <direction>', 'write the bytes of one direction instead', ['up', 'down']))
    .addOption(once('-o, --output <file>', 'a new file to write; - is stdout, as by default'))
    .action(async (file: string, flags: Parameters<Dump['runDumpCat']>[1]) =>
      (await import('../dump.js')).runDumpCat(file, flags),
    );
}
