/** The commands about keys, and the links that they stand in. */
import { defaultMethod } from '../../shared/codec/methods.js';
import type { Command } from '../commander.js';
import { help } from '../help.js';
import { once } from '../options.js';

type Keygen = typeof import('../keygen.js');
type Uri = typeof import('../uri.js');

export function addKeys(root: Command): void {
  root
    .command('keygen')
    .description('print one new key')
    .addOption(once('-m, --method <name>', `the cipher it is for, by default ${defaultMethod}`))
    .option('--json', 'print a JSON object')
    .addHelpText('after', help.keygen)
    .action(async (flags: Parameters<Keygen['runKeygen']>[0]) => {
      (await import('../keygen.js')).runKeygen(flags);
    });

  root
    .command('uri')
    .description('convert links, explain them, or draw them as QR codes')
    .argument('<link...>', 'ss:// or halflight:// links; - reads them from stdin, one on each line')
    .addOption(once('--to <form>', 'the form to write, by default ss', ['ss', 'halflight', 'legacy']))
    .option('--explain', 'say in words what a link contains, without the key')
    .option('--qr', 'draw a QR code')
    .addOption(once('--svg <file>', 'write a QR code as SVG into a new file; - is stdout'))
    .option('--first-packet-check', 'say what an observer could conclude from our first packet')
    .option('--json', 'print a JSON object for each link')
    .addHelpText('after', help.uri)
    .action(async (links: readonly string[], flags: Parameters<Uri['runUri']>[1]) =>
      (await import('../uri.js')).runUri(links, flags),
    );
}
