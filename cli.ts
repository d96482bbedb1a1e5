#!/usr/bin/env node
/**
 * The command line: its commands and their flags. What they do is in cli/, and is loaded only when one of them runs, so
 * that --help and --version answer at once, and small commands are not slowed down by the large ones.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command, CommanderError, type Option } from './cli/commander.js';
import { help } from './cli/help.js';
import { disarmDebugger, endProcess, printed, surviveClosedPipes } from './cli/life.js';
import {
  configFile,
  localFlags,
  localPort,
  once,
  ownAuth,
  portOffering,
  remoteFlags,
} from './cli/options.js';
import { shells } from './cli/shells.js';
import type { UriOfFlags } from './cli/users.js';
import { defaultMethod } from './shared/codec/methods.js';
import { endingOf, exitCodes, UsageError } from './shared/config/exit.js';
import type { FileSettings, Half } from './shared/config/file-schema.js';
import type { LocalPluginFlags } from './shared/config/plugin.js';
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

  remoteFlags(root.command('remote').description('the half on the server'))
    .addHelpText('after', help.remote)
    .action(async (flags: Parameters<Remote['runRemote']>[0] & ConfigFlag) => {
      readAhead('./cli/configured.js', './cli/remote.js', './remote/remote.js');
      const all = await configured('remote', flags);
      return (await import('./cli/remote.js')).runRemote({ ...typedOnly(flags), ...all });
    });

  localFlags(root.command('local').description('the half on the laptop: a port for SOCKS and HTTP'))
    .addHelpText('after', help.local)
    .action(async (uris: readonly string[], flags: Parameters<Local['runLocal']>[1] & ConfigFlag) => {
      readAhead('./cli/configured.js', './cli/local.js', './local/local.js');
      const all = await configured('local', { ...flags, ...named(uris) });
      return (await import('./cli/local.js')).runLocal(all.uri, { ...typedOnly(flags), ...all });
    });

  portOffering(root.command('up').description('both halves in this process, to try it out'))
    .addHelpText('after', help.up)
    .action(async (flags: Parameters<Up['runUp']>[0]) => {
      readAhead('./cli/up.js', './remote/remote.js', './local/local.js');
      return (await import('./cli/up.js')).runUp(flags);
    });

  root
    .command('keygen')
    .description('print one new key')
    .addOption(once('-m, --method <name>', `the cipher it is for, by default ${defaultMethod}`))
    .option('--json', 'print a JSON object')
    .addHelpText('after', help.keygen)
    .action(async (flags: Parameters<Keygen['runKeygen']>[0]) => {
      (await import('./cli/keygen.js')).runKeygen(flags);
    });
  addUses(root);
  addLinks(root);
  addConfig(root);
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
}

/** The arguments of a local: one server, or several. */
function named(uris: readonly string[]): Pick<FileSettings, 'uri' | 'servers'> {
  const [uri] = uris;
  if (uris.length > 1) return { servers: uris.map((each) => ({ uri: each })) };
  return uri === undefined ? {} : { uri };
}

async function configured(
  half: Half,
  { config, ...typed }: ConfigFlag & FileSettings,
): ReturnType<Configure> {
  const { configure } = await import('./cli/configured.js');
  return configure(half, typed, config);
}

/** What no config file may say: which programs a URI may name, and that nothing is to run. */
function typedOnly(flags: LocalPluginFlags & UriOfFlags): LocalPluginFlags & UriOfFlags {
  const { plugin, allowPlugin, uriOf } = flags;
  return {
    ...(plugin !== undefined && { plugin }),
    ...(allowPlugin !== undefined && { allowPlugin }),
    ...(uriOf !== undefined && { uriOf }),
  };
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
    .option('--first-packet-check', 'say what an observer could conclude from our first packet')
    .option('--json', 'print a JSON object for each link')
    .addHelpText('after', help.uri)
    .action(async (links: readonly string[], flags: Parameters<Uri['runUri']>[1]) =>
      (await import('./cli/uri.js')).runUri(links, flags),
    );
}

type Uri = typeof import('./cli/uri.js');

/** The commands about config files. */
function addConfig(root: Command): void {
  const config = root
    .command('config')
    .description('check config files, show what holds, import those of other programs')
    .addHelpText('after', help.config)
    .allowExcessArguments()
    .action(() => {
      const got = config.args.length === 0 ? 'none' : 'another word';
      throw new UsageError(`config: expected check, show or import, got ${got}; see halflight config --help`);
    });
  const half = (): Option => once('--for <half>', 'the half that it is for', ['local', 'remote']);
  config
    .command('check')
    .description('say what is wrong with a file, if anything is')
    .allowExcessArguments(false)
    .argument('<file>')
    .addOption(half())
    .action(async (file: string, flags: Parameters<Config['runCheck']>[1]) =>
      (await import('./cli/config.js')).runCheck(file, flags),
    );
  config
    .command('import')
    .description('write the file of another program as one of ours')
    .allowExcessArguments(false)
    .argument('<file>')
    .addOption(half())
    .addOption(once('-o, --output <file>', 'a new file to write; - is stdout, as by default'))
    .action(async (file: string, flags: Parameters<Config['runImport']>[1]) =>
      (await import('./cli/config.js')).runImport(file, flags),
    );
  const show = config
    .command('show')
    .description('show every setting and who said it, without secrets')
    .allowExcessArguments(false)
    .enablePositionalOptions()
    .addOption(configFile('HALF'))
    .action(async (flags: ConfigFlag) =>
      (await import('./cli/config.js')).runShow(undefined, {}, flags.config),
    );
  const path = (flags: ConfigFlag): string | undefined => flags.config ?? show.opts<ConfigFlag>().config;
  remoteFlags(show.command('remote').description('with these flags')).action(async (flags: ConfigFlag) =>
    (await import('./cli/config.js')).runShow('remote', flags, path(flags)),
  );
  localFlags(show.command('local').description('with these flags')).action(
    async (uris: readonly string[], flags: ConfigFlag) =>
      (await import('./cli/config.js')).runShow('local', { ...flags, ...named(uris) }, path(flags)),
  );
}

type Config = typeof import('./cli/config.js');
type Child = typeof import('./cli/child.js');
type Env = typeof import('./cli/env.js');
type Connect = typeof import('./cli/connect.js');
type Remote = typeof import('./cli/remote.js');
type Local = typeof import('./cli/local.js');
type Up = typeof import('./cli/up.js');
type Keygen = typeof import('./cli/keygen.js');

/**
 * Loads modules, with all that they import, in this thread. On Node 20 `import` has other threads open, measure, read and
 * close each of a hundred small files, which is a tenth of a start; later ones do it like this by themselves.
 */
function readAhead(...names: readonly string[]): void {
  if (!process.versions.node.startsWith('20.')) return;
  const require = createRequire(import.meta.url);
  try {
    for (const name of names) require(name);
  } catch {
    // Whoever imports it says what is wrong.
  }
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
