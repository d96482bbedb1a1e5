/** Chromium's own protocol over a pipe: one JSON object after the other, each ended by a NUL. */
import { start, type Program } from './programs.js';

/** What an answer or an event is about; each has its own members. */
export type Fields = Readonly<Record<string, unknown>>;

interface Message {
  /** Of the question that it answers; an event has none. */
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

interface Question {
  readonly answered: (result: Fields) => void;
  readonly failed: (error: Error) => void;
}

/** A browser that is told what to do. */
export class Devtools {
  readonly #program: Program;
  readonly #questions = new Map<number, Question>();
  readonly #listeners = new Map<string, (params: Fields) => void>();
  #asked = 0;
  #session: { readonly sessionId?: unknown } = {};

  constructor(program: Program) {
    this.#program = program;
    let rest = '';
    program.output.setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#hear(JSON.parse(message) as Message);
    });
    void program.ended.then(() => {
      const error = new Error(`chromium: expected an answer, got its end: ${program.complaints()}`);
      for (const { failed } of this.#questions.values()) failed(error);
    });
  }

  /** The result of a command. Rejects when the browser cannot carry it out. */
  ask(method: string, params: Fields = {}): Promise<Fields> {
    const id = ++this.#asked;
    this.#program.input.write(`${JSON.stringify({ id, method, params, ...this.#session })}\0`);
    return new Promise((answered, failed) => this.#questions.set(id, { answered, failed }));
  }

  /** Has each event of that name told to the one who listens. */
  on(method: string, listener: (params: Fields) => void): void {
    this.#listeners.set(method, listener);
  }

  /** From here on, all that is asked is asked of a new page. */
  async openPage(): Promise<void> {
    const { targetId } = await this.ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.ask('Target.attachToTarget', { targetId, flatten: true });
    this.#session = { sessionId };
  }

  /** Ends the browser with all its processes; settles when they are gone. */
  async close(): Promise<void> {
    // It may end before it has answered.
    this.ask('Browser.close').catch(() => undefined);
    await this.#program.ended;
  }

  #hear({ id, method, params = {}, result = {}, error }: Message): void {
    if (id === undefined) {
      this.#listeners.get(method ?? '')?.(params);
      return;
    }
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    if (error === undefined) question?.answered(result);
    else question?.failed(new Error(`chromium: ${error.message}`));
  }
}

/** Starts a browser with these flags. */
export async function startDevtools(
  flags: readonly string[],
  variables: NodeJS.ProcessEnv,
): Promise<Devtools> {
  // It listens on descriptor 3 and speaks on 4.
  const swapped = 'exec chromium "$@" 3<&0 4>&1 </dev/null >&2';
  return new Devtools(
    await start('sh', ['-c', swapped, 'chromium', '--remote-debugging-pipe', ...flags], variables),
  );
}
