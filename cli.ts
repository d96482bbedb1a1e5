#!/usr/bin/env node
/**
 * The command line: four commands, their flags and their help. What they do is cli/run.ts, which is loaded only when
 * one of them runs, so that --help and --version answer at once.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { disarmDebugger, endProcess, surviveClosedPipes } from './cli/life.js';
import { asUsageError } from './cli/usage.js';
import { defaultMethod, methods } from './shared/codec/methods.js';
import { endingOf, exitCodes, UsageError } from './shared/config/exit.js';
import { escapeControls } from './shared/observe/escape.js';
import { logFormats, logLevels } from './shared/observe/log.js';

const methodNames = Object.keys(methods).join(', ');

const endings = `
A signal (SIGINT, SIGTERM, SIGHUP) ends it with code 0: no new conversations, up to 10 s for those that run. A second
signal resets them and ends at once, with code 0 as well.
Exit codes: 64 usage, 69 address unavailable, 70 internal, 77 not permitted, 78 configuration.`;

const examples = {
  root: `
Examples:
  halflight up                            try it on one machine
  halflight remote                        on the server; prints the line to paste on the laptop
  halflight local 'halflight://…'         on the laptop
  curl -x socks5h://127.0.0.1:1080 https://example.com

Help for one command: halflight COMMAND --help`,
  remote: `
Without a key the first start makes one, stores it, and every start uses it again. HALFLIGHT_KEY and HALFLIGHT_PASSWORD
in the environment stand for --key and --password, and keep them out of the process list.

Examples:
  halflight remote
  halflight remote -l 203.0.113.7:443 --key-file /etc/halflight/remote.key
  HALFLIGHT_PASSWORD=… halflight remote -m chacha20-ietf-poly1305 --public-host vpn.example.com
${endings}

Methods: ${methodNames}`,
  local: `
URI is what the line that the remote prints ends with: halflight://… for a halflight remote, ss://… for any Shadowsocks
server. Put it in single quotes. It holds the key, and every user of this machine can read it in the process list:
HALFLIGHT_URI in the environment stands for it, and keeps it out.

Examples:
  halflight local 'halflight://METHOD:KEY@vpn.example.com:8388'
  halflight local 'ss://METHOD:KEY@vpn.example.com:8388' -l 1081
  halflight local 'halflight://…' -l 192.168.1.2:1080 --open
  HALFLIGHT_URI="$(cat uri.txt)" halflight local
${endings}`,
  up: `
Examples:
  halflight up
  halflight up -l 0 --json
${endings}`,
  keygen: `
Examples:
  halflight keygen
  HALFLIGHT_KEY="$(halflight keygen)" halflight remote

Methods: ${methodNames}`,
} as const;

/** An option with a value that may be given once, and must be one of `choices` when there are any. */
function once(flags: string, description: string, choices?: readonly string[]): Option {
  const option = new Option(
    flags,
    choices === undefined ? description : `${description} (${choices.join(', ')})`,
  );
  return option.argParser((value: string, previous: string | undefined) => {
    const name = option.long ?? flags;
    if (previous !== undefined) throw new UsageError(`${name}: expected it once, got it twice`);
    if (value === '') throw new UsageError(`${name}: expected a value, got an empty one`);
    if (choices !== undefined && !choices.includes(value)) {
      throw new UsageError(`${name}: expected one of ${choices.join(', ')}, got ${JSON.stringify(value)}`);
    }
    return value;
  });
}

const backend = (): Option =>
  once('--cipher-backend <name>', 'what computes the ciphers, by default native', ['native', 'noble']);

/** The flags of every command that keeps running. */
function longRunning(command: Command): Command {
  return command
    .addOption(backend())
    .option('--json', 'write one JSON object for each line on stdout, the first when ready')
    .addOption(once('--log-level <level>', 'how much to log on stderr, by default info', logLevels))
    .addOption(once('--log-format <format>', 'how to log, by default text', logFormats));
}

function program(): Command {
  const root = new Command('halflight')
    .description('An encrypted tunnel in two halves: a proxy port on the laptop, a remote on the server.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', examples.root);

  longRunning(root.command('remote').description('the half on the server'))
    .addOption(once('-l, --listen <host:port>', 'where to listen, by default :8388 (all addresses)'))
    .addOption(once('-m, --method <name>', `the cipher, by default ${defaultMethod}`))
    .addOption(once('--key <base64>', 'the key of a 2022 method'))
    .addOption(once('--password <text>', 'the password of a method without 2022 in its name'))
    .addOption(once('--key-file <file>', 'where the key is, or will be, stored'))
    .addOption(once('--public-host <host>', 'the host that the printed URI names'))
    .option('--allow-private', 'allow targets in loopback, private and other special networks')
    .option('--allow-weak-password', 'accept a password that is short or easy to guess')
    .addHelpText('after', examples.remote)
    .action(async (flags: Parameters<Run['runRemote']>[0]) => (await run()).runRemote(flags));

  longRunning(root.command('local').description('the half on the laptop: a SOCKS5 port'))
    .argument('[uri]', 'the remote, as the line it printed; by default what HALFLIGHT_URI says')
    .addOption(once('-l, --listen <host:port>', 'where to listen, by default 127.0.0.1:1080'))
    .option('--open', 'let others than this machine use the port, without any credentials')
    .addHelpText('after', examples.local)
    .action(async (uri: string | undefined, flags: Parameters<Run['runLocal']>[1]) =>
      (await run()).runLocal(uri, flags),
    );

  longRunning(root.command('up').description('both halves in this process, to try it out'))
    .addOption(once('-l, --listen <host:port>', 'where to listen, by default 127.0.0.1:1080'))
    .option('--open', 'let others than this machine use the port, without any credentials')
    .addHelpText('after', examples.up)
    .action(async (flags: Parameters<Run['runUp']>[0]) => (await run()).runUp(flags));

  root
    .command('keygen')
    .description('print one new key')
    .addOption(once('-m, --method <name>', `the cipher it is for, by default ${defaultMethod}`))
    .option('--json', 'print a JSON object')
    .addHelpText('after', examples.keygen)
    .action(async (flags: Parameters<Run['runKeygen']>[0]) => {
      (await run()).runKeygen(flags);
    });
  return root;
}

type Run = typeof import('./cli/run.js');

function run(): Promise<Run> {
  return import('./cli/run.js');
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** Older ones may work, but nobody has tried. */
function warnOldNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`halflight: warning: expected Node 20.19 or newer, got ${process.versions.node}\n`);
}

async function main(words: readonly string[]): Promise<void> {
  try {
    if (words.length === 0) throw new UsageError('expected a command, got none; see halflight --help');
    await program().parseAsync(words, { from: 'user' });
  } catch (error) {
    // Commander throws after it has printed the help or the version, too.
    if (error instanceof CommanderError && error.exitCode === exitCodes.stopped) return;
    const { exitCode, message } = endingOf(asUsageError(error, words));
    process.stderr.write(`halflight: ${escapeControls(message)}\n`);
    await endProcess(exitCode);
  }
}

disarmDebugger();
surviveClosedPipes();
warnOldNode();
await main(process.argv.slice(2));
