/** What the management API answers. */

export interface Reply {
  readonly status: number;
  /** What is sent as JSON; absent: nothing. */
  readonly json?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the sender of a request is told instead of what it asked for. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault';
  readonly reply: Reply;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.reply = { status, json: { error: message }, headers };
  }
}
