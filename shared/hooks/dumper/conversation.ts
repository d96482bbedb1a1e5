/** One conversation that is written down. */
import { formatTarget, type Target } from '../../codec/address.js';
import type { ConnectionFacts } from '../../observe/connection.js';
import type { ByteFilter, ConnectionFilters, Direction, HookEvent } from '../hook.js';
import type { Disk } from './disk.js';
import { endsOf } from './ends.js';
import { fileStem } from './file-name.js';
import { fileHead, section } from './pcapng.js';
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

/** So much of both directions may wait until it is known what is a password, bytes. */
const maxWaiting = 256 * 1024;

export interface ConversationOptions extends Pick<DumperSettings, 'formats' | 'fileBytes' | 'secrets'> {
  readonly turn: number;
}

export class Conversation {
  readonly filters: ConnectionFilters;
  readonly #recordings: readonly Recording[];
  readonly #ended: Record<Direction, boolean> = { up: false, down: false };
  readonly #clock = startClock();
  readonly #transport: ConnectionFacts['transport'];
  readonly #redactors: Readonly<Record<Direction, Redactor>> | undefined;
  readonly #redacting: boolean;
  /** What cannot be written yet, for what is secret in the first of it is not known, in its order. */
  #waiting: (() => void)[] = [];
  #waitingBytes = 0;

  /** `turn`: how many conversations of this connection there have been, with this one. */
  constructor(disk: Disk, connection: ConnectionFacts, { turn, ...settings }: ConversationOptions) {
    const time = this.#clock();
    this.#transport = connection.transport;
    this.#redacting = !settings.secrets;
    if (this.#redacting && this.#transport === 'tcp') {
      this.#redactors = { up: new Redactor({ socks: true }), down: new Redactor({ socks: false }) };
    }
    const stem = fileStem(connection, turn);
    this.#recordings = settings.formats.map((format) =>
      recorders[format](disk, { connection, stem, time, fileBytes: settings.fileBytes }),
    );
    this.filters = { up: this.#filter('up'), down: this.#filter('down') };
  }

  /** Whether the target has said all. */
  get answered(): boolean {
    return this.#ended.down;
  }

  close({ by, why }: Closed): void {
    const time = this.#clock();
    if (why === cleanEnd) {
      for (const direction of ['up', 'down'] as const) this.#end(direction, time);
    } else {
      const direction = by === 'client' ? 'up' : 'down';
      this.#giveUp();
      for (const recording of this.#recordings) recording.broken(direction, `${why}, by ${by}`, time);
    }
    this.finish();
  }

  /** Nothing more will come. */
  finish(): void {
    this.#giveUp();
    for (const recording of this.#recordings) recording.finish();
  }

  #filter(direction: Direction): ByteFilter {
    return {
      // The bytes are the filter's own.
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
    if (this.#transport === 'tcp') this.#redactors?.[direction].read(bytes);
    else if (this.#redacting) redactDatagram(bytes);
    if (this.#isClear) this.#record(direction, bytes, time);
    else
      this.#wait(bytes.length, () => {
        this.#record(direction, bytes, time);
      });
  }

  #record(direction: Direction, bytes: Uint8Array, time: number): void {
    for (const recording of this.#recordings) recording.piece(direction, bytes, time);
  }

  /** Whether nothing waits, nor has to. */
  get #isClear(): boolean {
    return this.#waiting.length === 0 && !this.#isUndecided;
  }

  get #isUndecided(): boolean {
    return this.#redactors !== undefined && (this.#redactors.up.undecided || this.#redactors.down.undecided);
  }

  /** Tells in the order in which it happened. */
  #wait(bytes: number, tell: () => void): void {
    this.#waiting.push(tell);
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > maxWaiting) this.#giveUp();
    else this.#tellWaiting();
  }

  #giveUp(): void {
    this.#redactors?.up.giveUp();
    this.#redactors?.down.giveUp();
    this.#tellWaiting();
  }

  #tellWaiting(): void {
    if (this.#isUndecided) return;
    this.#waitingBytes = 0;
    for (const tell of this.#waiting.splice(0)) tell();
  }

  #end(direction: Direction, time: number): void {
    if (this.#ended[direction] || this.#transport === 'udp') return;
    this.#ended[direction] = true;
    this.#redactors?.[direction].end();
    this.#wait(0, () => {
      for (const recording of this.#recordings) recording.ended(direction, time);
    });
  }
}

/** The end of a file that is not that of its conversation. */
const tooSlow = 'the dump ends here, for the disk is too slow; the conversation went on';

const nothing = new Uint8Array(0);

/** What a recording is made of. */
interface Scene {
  readonly connection: ConnectionFacts;
  readonly stem: string;
  readonly time: number;
  readonly fileBytes: number;
}

const recorders: Readonly<Record<DumpFormat, (disk: Disk, scene: Scene) => Recording>> = {
  text: (disk, { connection, stem, fileBytes }) => {
    const head = Buffer.from(headLine(headlineOf(connection)));
    const cut = Buffer.from(`\n${headLine(tooSlow)}`);
    return new TextRecording(new Volume(disk, { stem, suffix: '.txt', head, cut, fileBytes }));
  },
  pcapng: (disk, { connection, stem, time, fileBytes }) => {
    const ends = endsOf(connection);
    const headline = headlineOf(connection);
    const head = fileHead(headline, ends.names);
    const volume = new Volume(disk, { stem, suffix: '.pcapng', head, cut: section(tooSlow), fileBytes });
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
