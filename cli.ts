#!/usr/bin/env node
/**
 * The command line: its commands and their flags, which are in cli/commands. What they do is in cli/, and is loaded only
 * when one of them runs, so that --help and --version answer at once, and small commands are not slowed down by the large
 * ones.
 */
import { Command, CommanderError } from './cli/commander.js';
import { addConfig } from './cli/commands/config.js';
import { addHalves } from './cli/commands/halves.js';
import { addKeys } from './cli/commands/keys.js';
import { addTop } from './cli/commands/top.js';
import { addTraffic } from './cli/commands/traffic.js';
import { addUses } from './cli/commands/uses.js';
import { help } from './cli/help.js';
import { disarmDebugger, endProcess, printed, surviveClosedPipes } from './cli/life.js';
import { version } from './cli/version.js';
import { endingOf, exitCodes, UsageError } from './shared/config/exit.js';
import { escapeControls } from './shared/observe/escape.js';

function program(): Command {
  const root = new Command('halflight')
    .description('An encrypted tunnel in two halves: a proxy port on the laptop, a remote on the server.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', help.root);

  addHalves(root);
  addTraffic(root);
  addKeys(root);
  addUses(root);
  addConfig(root);
  addTop(root);
  return root;
}

/** Older ones may work, but nobody has tried. */
function warnOldNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`halflight: warning: expected Node 20.19 or newer, got ${process.versions.node}\n`);
}

function flagsOf(root: Command, [name]: readonly string[]): readonly string[] {
  const command = root.commands.find((each) => each.name() === name);
  return (command?.options ?? []).flatMap(({ long }) => long ?? []);
}

/** Commander throws after it has printed the help or the version, too. */
function unlessTold(error: unknown): void {
  if (!(error instanceof CommanderError) || error.exitCode !== exitCodes.stopped) throw error;
}

async function main(words: readonly string[]): Promise<void> {
  const root = program();
  try {
    if (words.length === 0) throw new UsageError('expected a command, got none; see halflight --help');
    await root.parseAsync(words, { from: 'user' }).catch(unlessTold);
    await printed();
  } catch (error) {
    const { asUsageError } = await import('./cli/usage.js');
    const {
      exitCode,
      message,
      others = [],
    } = endingOf(asUsageError(error, { words, flags: flagsOf(root, words) }));
    const lines = [message, ...others].map((line) => `halflight: ${escapeControls(line)}\n`);
    process.stderr.write(lines.join(''));
    await endProcess(exitCode);
  }
}

disarmDebugger();
surviveClosedPipes();
warnOldNode();
await main(process.argv.slice(2));
