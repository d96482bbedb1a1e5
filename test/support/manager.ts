/** Panels: what they say to a manager over UDP or at a unix socket, and what they hear. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Target } from '../../shared/codec/address.js';
import { temporaryDirectory } from './directory.js';
import { udpPeer } from './udp.js';

export interface Panel {
  /** Says it, and waits for the next answer. */
  readonly ask: (request: string) => Promise<string>;
  /** Says it, and does not wait. */
  readonly say: (request: string | Uint8Array) => Promise<void>;
  readonly next: () => Promise<string>;
}

export async function panel(at: Target): Promise<Panel> {
  const peer = await udpPeer();
  const next = async (): Promise<string> => (await peer.next()).payload.toString();
  const say = (request: string | Uint8Array): Promise<void> => peer.say(request, at);
  return {
    say,
    next,
    ask: async (request) => {
      await say(request);
      return next();
    },
  };
}

const unixPanel = `
  use Socket qw(PF_UNIX SOCK_DGRAM pack_sockaddr_un);
  my ($path, $own, @messages) = @ARGV;
  socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
  bind($s, pack_sockaddr_un($own)) or die "bind: $!";
  for (@messages) {
    defined send($s, pack('H*', $_), 0, pack_sockaddr_un($path)) or die "send: $!";
    defined recv($s, my $answer, 65536, 0) or die "recv: $!";
    print unpack('H*', $answer), "\\n";
  }`;

/** What a panel in Perl hears when it sends each of these messages from a path of its own. */
export async function askAtPath(path: string, messages: readonly string[]): Promise<readonly string[]> {
  const own = join(temporaryDirectory(), 'panel.sock');
  const words = messages.map((message) => Buffer.from(message, 'latin1').toString('hex'));
  const { stdout } = await promisify(execFile)('perl', ['-e', unixPanel, path, own, ...words], {
    timeout: 5_000,
  });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(line, 'hex').toString('latin1'));
}

/** The process IDs of the Perl that holds the socket at `path`, for whichever process. */
export async function perlAt(path: string): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
  return stdout
    .split('\n')
    .filter((line) => /^ *\d+ perl /.test(line) && line.endsWith(` ${path}`))
    .map((line) => Number.parseInt(line, 10));
}
