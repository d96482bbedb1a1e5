/** What becomes of a connection whose opening has proved to be authentic. */
import { isReserved, reservedTarget } from '../shared/codec/address.js';
import { type OpenedRequest, ResponseSealer } from '../shared/codec/stream.js';
import type { Environment } from '../shared/environment.js';
import type { ReplayStore } from '../shared/net/replay.js';
import { SealedStream } from '../shared/net/sealed.js';
import type { TcpStream } from '../shared/net/tcp.js';
import { uotVersion } from '../shared/proxy/uot.js';
import type { Account } from '../shared/serve/accounts.js';
import type { Owned } from '../shared/serve/association.js';
import { absorb } from '../shared/serve/authenticate.js';
import { fixedTarget } from '../shared/serve/inbound.js';
import { type Inbound, type Machine, serveStream } from '../shared/serve/serve.js';
import type { Timeouts } from '../shared/serve/timeouts.js';
import { serveUot, type UotOptions } from '../shared/serve/uot.js';

/** Where it takes place. */
export interface Room {
  /** One for all conversations of an account: they are remembered for as long as they are open. */
  readonly machineOf: (account: Account) => Machine;
  readonly environment: Environment;
  readonly timeouts: Timeouts;
  readonly replay: ReplayStore;
  /** The clients of halflight locals, inside their conversations. */
  readonly inbound: Inbound;
  /** Datagrams in streams; undefined where none are served. */
  readonly uot: Omit<UotOptions, 'account'> | undefined;
  readonly absorbed: (why: string) => void;
}

/** Serves what was opened, in somebody's name. */
export function converse(tcp: TcpStream, opened: OpenedRequest, room: Room & Owned): void {
  const { account, environment, timeouts, replay } = room;
  const raw = isReserved(opened.target);
  if (raw && opened.target.port !== reservedTarget.port) {
    const spoken = `${reservedTarget.port}, got ${opened.target.port}`;
    room.machineOf(account).observer({
      event: 'warning',
      detail: `carrier: expected raw wire version ${spoken}: update this remote`,
    });
    tcp.close();
    return;
  }
  const sealer = new ResponseSealer(opened.cipher, opened.salt, environment);
  // AEAD-2017 cannot tell our bytes from a client's: our own salts must not come back as an opening (T-06).
  if (opened.cipher.method.edition === 2017) void replay.checkAndAdd(sealer.salt);
  const stream = new SealedStream(
    tcp,
    { sealer, opener: opened.opener },
    {
      wire: raw ? 'raw' : 'shadowsocks',
      environment,
      early: opened.payload,
      tampered: (from, error) => {
        room.absorbed(error.message);
        absorb(from, timeouts.absorbMs);
      },
    },
  );
  const uot = raw ? undefined : uotVersion(opened.target);
  if (uot !== undefined) {
    // Nobody has that name: it is never dialled.
    if (room.uot === undefined) stream.abort();
    else serveUot(stream, uot, { ...room.uot, account });
    return;
  }
  void serveStream(stream, raw ? room.inbound : fixedTarget(opened.target), room.machineOf(account));
}
