import type { HookFlags } from '../shared/config/hook-flags.js';
import { createLineWriter } from '../shared/observe/line-writer.js';
import type { Observer } from '../shared/observe/events.js';
import { jsonLine } from '../shared/observe/escape.js';
import { createLog, type Log, type LogFormat, type LogLevel, wantsColor } from '../shared/observe/log.js';
import { jsonObserver, logObserver } from '../shared/observe/observer.js';

/** The flags of every command that keeps running. */
export interface OutputFlags extends Pick<HookFlags, 'informerForm'> {
  readonly json?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

/** The lines for people, made when they are to be written: programs need none of what draws them. */
type Page = () => readonly string[] | Promise<readonly string[]>;

/** Where a running command says things: stdout for people or, with --json, for programs; the log on stderr. */
export interface Output {
  readonly log: Log;
  readonly observer: Observer;
  /** Writes the page for people, or with --json the object for programs. Where those read an informer, people read stderr. */
  announce(page: Page, object: object): Promise<void>;
  /** Writes an object for programs; people are told nothing. */
  report(object: object): void;
  /** Writes a line for people or, with --json, the text of one object: behind what announces that it is ready. */
  readonly line: (line: string) => void;
}

/** The output that the flags ask for. It is the only writer of stdout and stderr from now on. */
export function createOutput({ json, logLevel, logFormat, informerForm }: OutputFlags): Output {
  const level = logLevel ?? 'info';
  const recovered = (dropped: number): void => {
    log.warn('nobody read the output for a while', { dropped });
  };
  const errors = createLineWriter(process.stderr, { recovered });
  const lines = createLineWriter(process.stdout, { recovered });
  const log = createLog({
    level,
    format: logFormat ?? 'text',
    color: wantsColor(process.stderr, process.env),
    write: (line) => {
      toErrors(line);
    },
  });
  const toLog = logObserver(log);
  const write = (line: string): void => {
    lines.write(line);
  };
  const toErrors = (line: string): void => {
    errors.write(line);
  };
  const report = (object: object): void => {
    if (json === true) write(jsonLine(object));
  };

  // Programs read the first line to learn the port: what happens before it is ready waits behind it.
  let early: string[] | undefined = [];
  const line = (text: string): void => {
    if (early === undefined) write(text);
    else early.push(text);
  };
  const release = (): void => {
    early?.forEach(write);
    early = undefined;
  };

  if (json !== true) {
    let announced = false;
    return {
      log,
      line,
      observer: (event) => {
        // The page tells of a check that failed at the start, and of the likely cause: once is enough.
        if (announced || event.event !== 'remote-lost') toLog(event);
      },
      announce: async (page) => {
        announced = true;
        // What programs read has nothing else in it.
        (await page()).forEach(informerForm === 'json' ? toErrors : write);
        release();
      },
      report,
    };
  }
  const toJson = jsonObserver(line, level);
  return {
    log,
    line,
    observer: (event) => {
      toLog(event);
      toJson(event);
    },
    announce: (_page, object) => {
      report(object);
      release();
      return Promise.resolve();
    },
    report,
  };
}
