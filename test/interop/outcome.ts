import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digest, type Receipt } from './content.js';
import type { Program } from './programs.js';

/** What a program made of it. */
export interface Outcome {
  readonly exitCode: number | null;
  /** What it wrote on stderr. */
  readonly complaint: string;
  /** What it wrote on stdout. */
  readonly answer: Receipt;
}

/** Gives a program all of its input, and waits for its end. */
export async function outcomeOf(program: Program, upload: Iterable<Uint8Array> = []): Promise<Outcome> {
  const sent = pipeline(Readable.from(upload), program.input).catch(() => undefined);
  const answer = await digest(program.output as AsyncIterable<Uint8Array>);
  const exitCode = await program.ended;
  await sent;
  return { exitCode, complaint: program.complaints().trim(), answer };
}
