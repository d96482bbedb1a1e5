/** The flags of the commands, by what they are for. */
import { defaultMethod } from '../shared/codec/methods.js';
import { UsageError } from '../shared/config/exit.js';
import { dumpFormats, informerForms } from '../shared/config/hook-names.js';
import { logFormats, logLevels } from '../shared/observe/log.js';
import { type Command, Option } from './commander.js';

/** An option with a value that may be given once, and must be one of `choices` when there are any. */
export function once(flags: string, description: string, choices?: readonly string[]): Option {
  const option = new Option(
    flags,
    choices === undefined ? description : `${description} (${choices.join(', ')})`,
  );
  return option.argParser((value: string, previous: string | undefined) => {
    const name = option.long ?? option.short ?? flags;
    if (previous !== undefined) throw new UsageError(`${name}: expected it once, got it twice`);
    if (value === '') throw new UsageError(`${name}: expected a value, got an empty one`);
    if (choices !== undefined && !choices.includes(value)) {
      throw new UsageError(`${name}: expected one of ${choices.join(', ')}, got ${JSON.stringify(value)}`);
    }
    return value;
  });
}

interface ManyOptions {
  readonly choices?: readonly string[];
  /** The setting that it is, where that has another name. */
  readonly setting?: string;
}

/** An option that may be given several times; all its values come together. */
function many(flags: string, description: string, { choices, setting }: ManyOptions = {}): Option {
  const one = once(flags, description, choices);
  const option = new Option(flags, one.description).argParser(
    (value: string, previous: readonly string[] | undefined) => {
      // It judges each by itself.
      one.parseArg?.(value, undefined);
      return [...(previous ?? []), value];
    },
  );
  return setting === undefined ? option : Object.assign(option, { attributeName: () => setting });
}

const backend = (): Option =>
  once('--cipher-backend <name>', 'what computes the ciphers, by default native', ['native', 'noble']);

/** The config file of a half. */
export const configFile = (half: string): Option =>
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

/** The flags of what looks at the traffic, and may change it. */
function hooking(command: Command): Command {
  return toggle(
    command
      .addOption(
        many(
          '--hook <name|file>',
          'watch or change traffic: informer, dumper, or a file of yours; may be repeated',
          {
            setting: 'hooks',
          },
        ),
      )
      .addOption(once('--informer-form <form>', 'how the lines of the informer read', informerForms))
      .addOption(once('--dump-dir <directory>', 'where the files of the dumper go; it must be there'))
      .addOption(
        many('--dump-format <format>', 'what the dumper writes, by default both', { choices: dumpFormats }),
      )
      .addOption(
        many('--dump-target <target>', 'dump these alone: HOST, HOST:PORT or :PORT; may be repeated'),
      )
      .addOption(
        once('--dump-file-size <size>', 'go on in another file from this size, by default 100M; 0 is never'),
      )
      .addOption(once('--dump-files <number>', 'keep the newest so many files, by default 1000; 0 is all')),
    '--dump-secrets',
    'dump credentials as they are',
  );
}

/** The flags of every command that keeps running. They are the last in its help: few people need them. */
function longRunning(command: Command): Command {
  hooking(command)
    .addOption(once('--control <path>', 'where halflight top finds it, by default in the runtime directory'))
    .addOption(new Option('--no-control', 'let halflight top not find it'));
  return toggle(command, '--json', 'write one JSON object for each line on stdout, the first when ready')
    .addOption(once('--log-level <level>', 'how much to log on stderr, by default info', logLevels))
    .addOption(once('--log-format <format>', 'how to log, by default text', logFormats));
}

/** The flag of the halves that may be several processes. */
const workers = (): Option =>
  once('--workers <number|auto>', 'how many processes to be, auto for one on each core; by default 1');

/** The flags of every half that can ask for credentials. */
function asking(command: Command): Command {
  return command
    .addOption(many('--auth <user:pass>', 'ask for this user and password; may come several times'))
    .addOption(once('--auth-file <file>', 'ask for those in this file, a line USER:PASS for each'));
}

/** The flags of every half that offers the proxy port, and `more` of them. */
export function portOffering(command: Command, ...more: readonly Option[]): Command {
  command.addOption(once('-l, --listen <host:port>', 'where to listen, by default 127.0.0.1:1080'));
  asking(command);
  toggle(command, '--open', 'let others than this machine use the port, without any credentials');
  toggle(command, '--no-udp', 'refuse UDP ASSOCIATE');
  toggle(
    command,
    '--no-pac-direct',
    'let browsers with the PAC file fail, not go around, when the port is gone',
  );
  toggle(command, '--optimistic', 'tell clients that they are connected before the remote has answered');
  for (const option of more) command.addOption(option);
  return longRunning(command).addOption(backend());
}

/** The plugin that streams go through. */
const plugin = (place: string): Option =>
  once('--plugin <name[;options]>', `the SIP003 plugin that streams go through ${place}`);

/** The flags of `halflight remote`. */
export function remoteFlags(command: Command): Command {
  command
    .addOption(once('-l, --listen <host:port>', 'where to listen, by default :8388 (all addresses)'))
    .addOption(once('-m, --method <name>', `the cipher, by default ${defaultMethod}`))
    .addOption(once('--key <base64>', 'the key of a 2022 method'))
    .addOption(once('--password <text>', 'the password of a method without 2022 in its name'))
    .addOption(once('--key-file <file>', 'where the key is, or will be, stored'))
    .addOption(once('--users-file <file>', 'let in these users only, a line NAME:KEY for each'))
    .addOption(once('--api <host:port>', 'let programs of this machine manage the users, over HTTP'))
    .addOption(once('--api-token-file <file>', 'the token that they have to know'))
    .addOption(
      once(
        '--manager-address <host:port|path>',
        'let a panel of this machine open and close ports (ss-manager)',
      ),
    )
    .addOption(once('--uri-of <name>', 'print the URIs of one of the users, and end'))
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
  command.addOption(
    many('--allow-plugin <name>', 'run this plugin if the panel names it; may come several times'),
  );
  return longRunning(command.addOption(configFile('remote')).addOption(workers())).addOption(backend());
}

/** The argument and the flags of `halflight local`. */
export function localFlags(command: Command): Command {
  return portOffering(
    command.argument(
      '[uri...]',
      'the remote, as the line it printed, or several, the best first; by default what HALFLIGHT_URI says',
    ),
    configFile('local'),
    once('--subscription <url>', 'use the servers in the list at this address (SIP008)'),
    plugin('on their way to the remote'),
    many('--allow-plugin <name>', 'run this plugin if the URI or the list names it; may come several times'),
    new Option('--udp-over-tcp', 'send datagrams in a stream, for networks that drop UDP'),
    new Option('--no-udp-over-tcp').hideHelp(),
    workers(),
    once('--probe-target <host:port>', 'the name server to ask through each of several ss:// servers'),
  );
}

/** The arguments and the flags of `halflight forward`. */
export function forwardFlags(command: Command): Command {
  return longRunning(
    command
      .argument(
        '[from]',
        'where to listen: PORT, HOST:PORT, :PORT (all addresses) or a path; /udp behind the port for UDP',
      )
      .argument('[to]', 'where it leads: HOST:PORT or a path')
      .addOption(
        many(
          '-L <[bind:]port:host:port>',
          'the same in one, as ssh has it, with paths as well; may be repeated',
          {
            setting: 'locals',
          },
        ),
      )
      .addOption(
        many('--via <uri>', 'the proxy to go through, or direct; of several the nearest comes first'),
      )
      .addOption(configFile('forward')),
  );
}

/** The flags of every command that goes through a local that runs elsewhere. */
export const localPort = (): Option =>
  once('-l, --listen <host:port>', 'where the local listens, by default 127.0.0.1:1080');
export const ownAuth = (): Option => once('--auth <user:pass>', 'the user and the password to name');
