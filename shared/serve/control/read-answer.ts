/** Whether what a control socket says is an answer: whoever listens at a path may be somebody else. */
import type { Answer, ConnectionTable, ServedConnection, ServedProcess } from './table.js';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => Number.isFinite(value);
const among =
  (...words: readonly string[]): Check =>
  (value) =>
    words.some((word) => word === value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const eachOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shaped =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const had: Readonly<Record<string, unknown>> = { ...value };
    return Object.entries(fields).every(([name, check]) => check(had[name]));
  };

const isEnd = shaped({ host: isText, port: isNumber });
const isEnds = shaped({ local: isEnd, remote: isEnd });

const isProcess = shaped({
  pid: isNumber,
  role: among('local', 'remote', 'forward', 'up'),
  listen: eachOf(isText),
  version: isText,
  uptimeMs: isNumber,
  workers: maybe(isNumber),
  silent: maybe(isNumber),
} satisfies Record<keyof ServedProcess, Check>);

const isConnection = shaped({
  id: isNumber,
  worker: maybe(isNumber),
  role: among('local', 'remote', 'forward'),
  transport: among('tcp', 'udp'),
  openedAt: isNumber,
  client: isEnds,
  user: maybe(isText),
  protocol: maybe(isText),
  command: maybe(isText),
  target: maybe(isEnd),
  far: maybe(isEnds),
  state: among('asking', 'dialing', 'open'),
  up: isNumber,
  down: isNumber,
  through: maybe(isText),
} satisfies Record<keyof ServedConnection, Check>);

const isTable = shaped({
  process: isProcess,
  at: isNumber,
  connections: eachOf(isConnection),
} satisfies Record<keyof ConnectionTable, Check>);
const isWord = shaped({ cut: (value) => typeof value === 'boolean' });
const isTrouble = shaped({ error: isText });

/** The answer in a line of JSON; undefined for everything else. */
export function readAnswer(line: string): Answer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return [isTable, isWord, isTrouble].some((is) => is(value)) ? (value as Answer) : undefined;
}
