/** The commands that lead traffic elsewhere, and those that look at it. */
import type { Command } from '../commander.js';
import { help } from '../help.js';
import { forwardFlags } from '../options.js';
import { readAhead } from '../read-ahead.js';
import { configured, forwarded, type ForwardTyped, typedOnly } from './settings.js';

type Forward = typeof import('../forward.js');

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
}
