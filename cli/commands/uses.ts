/** The commands that use a local. */
import type { Command } from '../commander.js';
import { help } from '../help.js';
import { localPort, once, ownAuth } from '../options.js';
import { shells } from '../shells.js';

type Child = typeof import('../child.js');
type Env = typeof import('../env.js');
type Connect = typeof import('../connect.js');

export function addUses(root: Command): void {
  root
    .command('run')
    .description('run one command through the local')
    .argument('<command...>', 'the command and its arguments, best behind --')
    .passThroughOptions()
    .addOption(localPort())
    .addOption(ownAuth())
    .addHelpText('after', help.run)
    .action(async (words: readonly string[], flags: Parameters<Child['runChild']>[1]) =>
      (await import('../child.js')).runChild(words, flags),
    );

  root
    .command('env')
    .description('print the lines that send the programs of a shell through the local')
    .addOption(localPort())
    .addOption(ownAuth())
    .addOption(once('--shell <name>', 'for which shell', shells))
    .option('--unset', 'print the lines that undo it')
    .addHelpText('after', help.env)
    .action(async (flags: Parameters<Env['runEnv']>[0]) => {
      (await import('../env.js')).runEnv(flags);
    });

  root
    .command('connect')
    .description('join stdin and stdout with a target, through the local or a remote')
    .argument('<host>', 'a name or an IP address; the remote looks names up')
    .argument('<port>', 'its TCP port, from 1 to 65535')
    .addOption(once('--proxy <uri|host:port>', 'the way: the URI of a remote, or where the local listens'))
    .addOption(ownAuth())
    .addHelpText('after', help.connect)
    .action(async (host: string, port: string, flags: Parameters<Connect['runConnect']>[2]) =>
      (await import('../connect.js')).runConnect(host, port, flags),
    );
}
