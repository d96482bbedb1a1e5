#!/usr/bin/env node
/**
 * The command line: its commands and their flags. What they do is in cli/, and is loaded only when one of them runs, so
 * that --help and --version answer at once, and small commands are not slowed down by the large ones.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { help } from './cli/help.js';
import { disarmDebugger, endProcess, surviveClosedPipes } from './cli/life.js';
import { shells } from './cli/shells.js';
import { asUsageError } from './cli/usage.js';
import { defaultMethod } from './shared/codec/methods.js';
import { endingOf, exitCodes, UsageError } from './shared/config/exit.js';
import type { Half } from './shared/config/file-schema.js';
import type { PluginFlags } from './shared/config/plugin.js';
import { escapeControls } from './shared/observe/escape.js';
import { logFormats, logLevels } from './shared/observe/log.js';

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

/** An option that may be given several times; all its values come together. */
function many(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
  );
}

const backend = (): Option =>
  once('--cipher-backend <name>', 'what computes the ciphers, by default native', ['native', 'noble']);

const configFile = (half: string): Option =>
  once(
    '-c, --config <file>',
    `read settings from this file, by default ${half}.json in halflight's directory`,
  );

/**
 * A flag that needs no value, and its opposite, which the help does not list: it takes back what a config file says.
 * Commander would take a lone `--no-x` for a flag that is on unless it is given, and a file would never be heard.
 */
function toggle(command: Command, flag: string, description: string): Command {
  const positive = flag.replace('--no-', '--');
  const negative = positive.replace('--', '--no-');
  for (const each of [positive, negative]) {
    command.addOption(new Option(each, description).hideHelp(each !== flag));
  }
  return command;
}

/** The flags of every command that keeps running. They are the last in its help: few people need them. */
function longRunning(command: Command): Command {
  return toggle(command, '--json', 'write one JSON object for each line on stdout, the first when ready')
    .addOption(once('--log-level <level>', 'how much to log on stderr, by default info', logLevels))
    .addOption(once('--log-format <format>', 'how to log, by default text', logFormats))
    .addOption(backend());
}

/** The flags of every half that can ask for credentials. */
function asking(command: Command): Command {
  return command
    .addOption(many('--auth <user:pass>', 'ask for this user and password; may come several times'))
    .addOption(once('--auth-file <file>', 'ask for those in this file, a line USER:PASS for each'));
}

/** The flags of every half that offers the proxy port, and `more` of them. */
function portOffering(command: Command, ...more: readonly Option[]): Command {
  command.addOption(once('-l, --listen <host:port>', 'where to listen, by default 127.0.0.1:1080'));
  asking(command);
  toggle(command, '--open', 'let others than this machine use the port, without any credentials');
  toggle(command, '--no-udp', 'refuse UDP ASSOCIATE');
  toggle(
    command,
    '--no-pac-direct',
    'let browsers with the PAC file fail, not go around, when the port is gone',
  );
  for (const option of more) command.addOption(option);
  return longRunning(command);
}

/** The plugin that streams go through; a config file has no say in what is run. */
const plugin = (place: string): Option =>
  once('--plugin <name[;options]>', `the SIP003 plugin that streams go through ${place}`);

function remoteFlags(command: Command): Command {
  command
    .addOption(once('-l, --listen <host:port>', 'where to listen, by default :8388 (all addresses)'))
    .addOption(once('-m, --method <name>', `the cipher, by default ${defaultMethod}`))
    .addOption(once('--key <base64>', 'the key of a 2022 method'))
    .addOption(once('--password <text>', 'the password of a method without 2022 in its name'))
    .addOption(once('--key-file <file>', 'where the key is, or will be, stored'))
    .addOption(
      once(
        '--public-host <host>',
        'the host that the printed URI names, and, if an address, replies to BIND',
      ),
    );
  asking(command);
  toggle(command, '--no-udp', 'serve no datagrams, and keep silent to them');
  toggle(command, '--allow-bind', 'let clients wait at this machine for a connection (BIND)');
  toggle(command, '--allow-private', 'allow targets in loopback, private and other special networks');
  toggle(command, '--allow-weak-password', 'accept a password that is short or easy to guess');
  command.addOption(plugin('before they come here'));
  return longRunning(command.addOption(configFile('remote')));
}

function localFlags(command: Command): Command {
  return portOffering(
    command.argument('[uri]', 'the remote, as the line it printed; by default what HALFLIGHT_URI says'),
    configFile('local'),
    plugin('on their way to the remote'),
  );
}

/** The flags of every command that goes through a local that runs elsewhere. */
const localPort = (): Option =>
  once('-l, --listen <host:port>', 'where the local listens, by default 127.0.0.1:1080');
const ownAuth = (): Option => once('--auth <user:pass>', 'the user and the password to name');

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

  remoteFlags(root.command('remote').description('the half on the server'))
    .addHelpText('after', help.remote)
    .action(async (flags: Parameters<Run['runRemote']>[0] & ConfigFlag) =>
      (await run()).runRemote({ ...typedOnly(flags), ...(await configured('remote', flags)) }),
    );

  localFlags(root.command('local').description('the half on the laptop: a port for SOCKS and HTTP'))
    .addHelpText('after', help.local)
    .action(async (uri: string | undefined, flags: Parameters<Run['runLocal']>[1] & ConfigFlag) => {
      const all = await configured('local', { ...flags, uri });
      return (await run()).runLocal(all.uri, { ...typedOnly(flags), ...all });
    });

  portOffering(root.command('up').description('both halves in this process, to try it out'))
    .addHelpText('after', help.up)
    .action(async (flags: Parameters<Run['runUp']>[0]) => (await run()).runUp(flags));

  root
    .command('keygen')
    .description('print one new key')
    .addOption(once('-m, --method <name>', `the cipher it is for, by default ${defaultMethod}`))
    .option('--json', 'print a JSON object')
    .addHelpText('after', help.keygen)
    .action(async (flags: Parameters<Run['runKeygen']>[0]) => {
      (await run()).runKeygen(flags);
    });
  addUses(root);
  addLinks(root);
  return root;
}

/** The commands that use a local. */
function addUses(root: Command): void {
  root
    .command('run')
    .description('run one command through the local')
    .argument('<command...>', 'the command and its arguments, best behind --')
    .passThroughOptions()
    .addOption(localPort())
    .addOption(ownAuth())
    .addHelpText('after', help.run)
    .action(async (words: readonly string[], flags: Parameters<Child['runChild']>[1]) =>
      (await import('./cli/child.js')).runChild(words, flags),
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
      (await import('./cli/env.js')).runEnv(flags);
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
      (await import('./cli/connect.js')).runConnect(host, port, flags),
    );
}

/** What every command has that reads a config file. */
interface ConfigFlag {
  readonly config?: string;
  /** The argument of a local. */
  readonly uri?: string | undefined;
}

async function configured(half: Half, { config, ...typed }: ConfigFlag): ReturnType<Configure> {
  const { configure } = await import('./cli/configured.js');
  return configure(half, typed, config);
}

/** What no config file may say: which program is run. */
function typedOnly({ plugin }: PluginFlags): PluginFlags {
  return plugin === undefined ? {} : { plugin };
}

type Configure = typeof import('./cli/configured.js').configure;
/** The command that reads and writes links. */
function addLinks(root: Command): void {
  root
    .command('uri')
    .description('convert links, explain them, or draw them as QR codes')
    .argument('<link...>', 'ss:// or halflight:// links; - reads them from stdin, one on each line')
    .addOption(once('--to <form>', 'the form to write, by default ss', ['ss', 'halflight', 'legacy']))
    .option('--explain', 'say in words what a link contains, without the key')
    .option('--qr', 'draw a QR code')
    .addOption(once('--svg <file>', 'write a QR code as SVG into a new file; - is stdout'))
    .option('--json', 'print a JSON object for each link')
    .addHelpText('after', help.uri)
    .action(async (links: readonly string[], flags: Parameters<Uri['runUri']>[1]) =>
      (await import('./cli/uri.js')).runUri(links, flags),
    );
}

type Uri = typeof import('./cli/uri.js');
type Child = typeof import('./cli/child.js');
type Env = typeof import('./cli/env.js');
type Connect = typeof import('./cli/connect.js');
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

function flagsOf(root: Command, [name]: readonly string[]): readonly string[] {
  const command = root.commands.find((each) => each.name() === name);
  return (command?.options ?? []).flatMap(({ long }) => long ?? []);
}

async function main(words: readonly string[]): Promise<void> {
  const root = program();
  try {
    if (words.length === 0) throw new UsageError('expected a command, got none; see halflight --help');
    await root.parseAsync(words, { from: 'user' });
  } catch (error) {
    // Commander throws after it has printed the help or the version, too.
    if (error instanceof CommanderError && error.exitCode === exitCodes.stopped) return;
    const { exitCode, message } = endingOf(asUsageError(error, { words, flags: flagsOf(root, words) }));
    process.stderr.write(`halflight: ${escapeControls(message)}\n`);
    await endProcess(exitCode);
  }
}

disarmDebugger();
surviveClosedPipes();
warnOldNode();
await main(process.argv.slice(2));
