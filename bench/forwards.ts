/** Forwards, with hooks of every kind and without, beside the forward of ssh: one process, no crypto of ours. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { beside, portOf, runCli } from './starting.js';
import type { Ground, TunnelKind } from './tunnels.js';

export type ForwardName =
  'forward' | 'forward-observing' | 'forward-filtering' | 'forward-informer' | 'forward-dumper';

/** No more files of a dump are kept than this: a run would fill a small disk. */
const dumpFiles = 4;

/** `halflight forward`, straight to the target, with the flags of a hook. */
function forward(label: string, flags: (ground: Ground) => readonly string[] = () => []): TunnelKind {
  return {
    label: ['halflight forward', label].join(' ').trim(),
    missing: () => undefined,
    async start(ground) {
      const words = ['forward', '127.0.0.1:0', `127.0.0.1:${ground.target}`, '--json', ...flags(ground)];
      const child = runCli(ground, words, { side: ground.place.near });
      const port = await portOf(child);
      return { entry: { way: 'straight', host: '127.0.0.1', port }, halves: [child] };
    },
  };
}

function dumpFlags({ directory }: Ground): readonly string[] {
  const into = mkdtempSync(join(directory, 'dump-'));
  return ['--hook', 'dumper', '--dump-dir', into, '--dump-format', 'pcapng', '--dump-files', `${dumpFiles}`];
}

export const forwards: Readonly<Record<ForwardName, TunnelKind>> = {
  forward: forward(''),
  'forward-observing': forward('--hook OBSERVING', () => ['--hook', beside('hooks/observing.js')]),
  'forward-filtering': forward('--hook PASSING', () => ['--hook', beside('hooks/passing.js')]),
  'forward-informer': forward('--hook informer', () => ['--hook', 'informer']),
  'forward-dumper': forward('--hook dumper, pcapng', dumpFlags),
};
