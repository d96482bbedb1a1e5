/** The command that shows who is connected. */
import type { Command } from '../commander.js';
import { once } from '../options.js';

type Top = typeof import('../top.js');

const help = `
It asks the control sockets of all locals, remotes and forwards of this user. In a terminal it asks once a second: arrows choose a
connection, x ends it, s sorts, / filters, ? explains, q leaves. Rates need two answers: --once and --json have none.

Examples:
  halflight top
  halflight top --filter example.com --sort down
  halflight top --json | jq '.connections[] | select(.down > 1e9)'
  sudo halflight top --control /var/lib/halflight/control

Exit codes: 0 left or printed, 64 usage, 69 when the socket that --control names does not answer.`;

export function addTop(root: Command): void {
  root
    .command('top')
    .description('show who is connected, as top does for processes')
    .option('--once', 'print one table, as without a terminal')
    .option('--json', 'print one JSON object')
    .addOption(
      once(
        '--sort <column>',
        'by which column: rate, up, down, age, id, role, port, client, target or state',
      ),
    )
    .addOption(once('--filter <text>', 'show only connections with this in their words'))
    .addOption(once('--control <path>', 'ask this socket alone, or those in this directory'))
    .addHelpText('after', help)
    .action(async (flags: Parameters<Top['runTop']>[0]) => (await import('../top.js')).runTop(flags));
}
