/** One conversation that is written down. */
import { formatTarget, type Target } from '../../codec/address.js';
import type { ConnectionFacts } from '../../observe/connection.js';
import type { ByteFilter, ConnectionFilters, Direction, HookEvent } from '../hook.js';
import type { Disk } from './disk.js';
import { endsOf } from './ends.js';
import { fileStem } from './file-name.js';
import { fileHead } from './pcapng.js';
import { redactDatagram, Redactor } from './redact.js';
import type { Recording } from './recording.js';
import type { DumpFormat, DumperSettings } from './settings.js';
import { TcpRecording } from './tcp-recording.js';
import { headLine, TextRecording } from './text-recording.js';
import { UdpRecording } from './udp-recording.js';
import { Volume } from './volume.js';

type Closed = Pick<Extract<HookEvent, { readonly event: 'closed' }>, 'by' | 'why'>;

/** How an ended conversation is told in the event that says so. */
const cleanEnd = 'end';

export class Conversation {
  readonly filters: ConnectionFilters;
  readonly #recordings: readonly Recording[];
  readonly #ended: Record<Direction, boolean> = { up: false, down: false };
  readonly #clock = startClock();
  readonly #transport: ConnectionFacts['transport'];
  readonly #redactors: Readonly<Record<Direction, Redactor>> | undefined;
  readonly #redacting: boolean;

  constructor(disk: Disk, connection: ConnectionFacts, settings: DumperSettings) {
    const time = this.#clock();
    this.#transport = connection.transport;
    this.#redacting = !settings.secrets;
    if (this.#redacting) {
      this.#redactors = { up: new Redactor({ socks: true }), down: new Redactor({ socks: false }) };
    }
    this.#recordings = settings.formats.map((format) =>
      recorders[format](disk, { connection, time, fileBytes: settings.fileBytes }),
    );
    this.filters = { up: this.#filter('up'), down: this.#filter('down') };
  }

  close({ by, why }: Closed): void {
    const time = this.#clock();
    if (why === cleanEnd) {
      for (const direction of ['up', 'down'] as const) this.#end(direction, time);
    } else {
      const direction = by === 'client' ? 'up' : 'down';
      this.#flush('up', time);
      this.#flush('down', time);
      for (const recording of this.#recordings) recording.broken(direction, `${why}, by ${by}`, time);
    }
    this.finish();
  }

  /** Nothing more will come. */
  finish(): void {
    for (const recording of this.#recordings) recording.finish();
  }

  #filter(direction: Direction): ByteFilter {
    return {
      sent: (bytes) => {
        this.#write(direction, bytes);
        return 'pass';
      },
      ended: () => {
        this.#end(direction, this.#clock());
        return nothing;
      },
    };
  }

  #write(direction: Direction, bytes: Uint8Array): void {
    const time = this.#clock();
    if (this.#transport === 'udp') {
      this.#record(direction, this.#redacting ? redactDatagram(bytes) : bytes, time);
      return;
    }
    const written = this.#redactors?.[direction].read(bytes) ?? bytes;
    if (written.length > 0) this.#record(direction, written, time);
  }

  #record(direction: Direction, bytes: Uint8Array, time: number): void {
    for (const recording of this.#recordings) recording.piece(direction, bytes, time);
  }

  /** Writes what was held back. */
  #flush(direction: Direction, time: number): void {
    const rest = this.#redactors?.[direction].end() ?? nothing;
    if (rest.length > 0) this.#record(direction, rest, time);
  }

  #end(direction: Direction, time: number): void {
    if (this.#ended[direction] || this.#transport === 'udp') return;
    this.#ended[direction] = true;
    this.#flush(direction, time);
    for (const recording of this.#recordings) recording.ended(direction, time);
  }
}

const nothing = new Uint8Array(0);

/** What a recording is made of. */
interface Scene {
  readonly connection: ConnectionFacts;
  readonly time: number;
  readonly fileBytes: number;
}

const recorders: Readonly<Record<DumpFormat, (disk: Disk, scene: Scene) => Recording>> = {
  text: (disk, { connection, fileBytes }) => {
    const head = Buffer.from(headLine(headlineOf(connection)));
    return new TextRecording(
      new Volume(disk, { stem: fileStem(connection), suffix: '.txt', head, fileBytes }),
    );
  },
  pcapng: (disk, { connection, time, fileBytes }) => {
    const ends = endsOf(connection);
    const headline = headlineOf(connection);
    const head = fileHead(headline, ends.names);
    const volume = new Volume(disk, { stem: fileStem(connection), suffix: '.pcapng', head, fileBytes });
    if (connection.transport === 'udp') return new UdpRecording(volume, ends, headline);
    return new TcpRecording(volume, { ends, headline, opened: connection.openedAt * 1000, time });
  },
};

/** `forward 12, user alice: 127.0.0.1:50000 → example.com:80`. */
function headlineOf({ role, id, user, client, target }: ConnectionFacts): string {
  const name = user === undefined ? '' : `, user ${user}`;
  return `${role} ${id}${name}: ${placeOf(client.remote)} → ${target === undefined ? 'unknown' : placeOf(target)}`;
}

/** The path of a unix socket has no port. */
function placeOf(place: Target): string {
  return place.port === 0 ? place.host || 'unix' : formatTarget(place);
}

/** Microseconds since 1970, which do not go back when somebody sets the clock. */
function startClock(): () => number {
  const offset = Date.now() - performance.now();
  return () => Math.round((offset + performance.now()) * 1000);
}
