/**
 * One worker of a half: a process that does what its parent tells it, and has its parent say what is to be said. It
 * writes to no output, and does not outlive its parent: Node ends it when the channel between them breaks.
 */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Half } from '../../shared/config/file-schema.js';
import type { ObservedEvent, Observer } from '../../shared/observe/events.js';
import { includesLevel, type Log, type LogLevel } from '../../shared/observe/log.js';
import { isHeard } from '../../shared/observe/observer.js';
import { connectionsHere, cutHere } from '../../shared/serve/control/desk.js';
import { type Conversations, countConversations } from '../conversations.js';
import { disarmDebugger, ignoreSignals, surviveErrors } from '../life.js';
import { type Answers, Line } from './line.js';
import type {
  LocalParentAnswers,
  ParentAnswers,
  RemoteParentAnswers,
  TableAnswers,
  WorkerAnswers,
} from './orders.js';

const halves = {
  remote: async () => {
    const { remoteAnswers } = await import('./remote-worker.js');
    await work('remote', channel<RemoteParentAnswers>(), remoteAnswers);
  },
  local: async () => {
    const { localAnswers } = await import('./local-worker.js');
    await work('local', channel<LocalParentAnswers>(), localAnswers);
  },
} as const satisfies Record<Half, () => Promise<void>>;

async function work<Asked extends ParentAnswers & Answers<Asked>, Own extends WorkerAnswers & Answers<Own>>(
  half: Half,
  line: Line<Asked>,
  answersOf: (line: Line<Asked>, conversations: Conversations) => Own,
): Promise<void> {
  const plain = line as unknown as Line<ParentAnswers>;
  const level = await plain.ask('level', undefined);
  surviveErrors(logThrough(plain, level));
  const own = answersOf(line, countConversations(half, observerThrough(plain, level)));
  const stop: WorkerAnswers['stop'] = async (graceMs) => {
    await own.stop(graceMs);
    // What is to be said of it goes first.
    await turnOfTheLoop();
  };
  const table: TableAnswers = { connections: () => connectionsHere(), cut: cutHere };
  line.answers({ ...own, ...table, stop });
  plain.tell('awake', undefined);
}

function channel<Asked extends Answers<Asked>>(): Line<Asked> {
  const line = new Line<Asked>((text) => {
    // Whoever cannot be told any more has ended, and so will this process.
    if (process.connected) process.send?.(text, undefined, {}, () => undefined);
  });
  process.on('message', (text) => {
    line.hear(text);
  });
  return line;
}

function logThrough(line: Line<ParentAnswers>, level: LogLevel): Log {
  const at = (spoken: LogLevel): Log['info'] => {
    if (!includesLevel(level, spoken)) return () => undefined;
    return (message, fields = {}) => {
      line.tell('said', { level: spoken, message, fields });
    };
  };
  return { level, error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

/** Tells what is to be read at `level`, all that a turn of the loop has brought at once. */
function observerThrough(line: Line<ParentAnswers>, level: LogLevel): Observer {
  let untold: ObservedEvent[] = [];
  const tell = (): void => {
    line.tell('observed', untold);
    untold = [];
  };
  return (event) => {
    if (!isHeard(event, level)) return;
    if (untold.length === 0) setImmediate(tell);
    untold.push(event);
  };
}

disarmDebugger();
ignoreSignals();
await halves[process.argv[2] === 'remote' ? 'remote' : 'local']();
