/** Programs that are told everything by a file of JSON. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryDirectory } from '../../support/directory.js';
import { portOf } from '../libev.js';
import { startListening } from '../listening.js';
import type { Peer } from '../programs.js';

/** Starts a program whose configuration is what `settings` says for a free port of 127.0.0.1; that port. */
export async function startConfigured(
  program: Peer,
  words: readonly string[],
  settings: (port: number) => unknown,
): Promise<number> {
  const file = path.join(temporaryDirectory(), 'config.json');
  const listen = await startListening(program, (port) => {
    writeFileSync(file, JSON.stringify(settings(Number(port))), { mode: 0o600 });
    return [...words, file];
  });
  return Number(portOf(listen));
}
