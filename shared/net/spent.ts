import { MessageChannel } from 'node:worker_threads';

/** Below this the collector is cheaper, bytes. */
const worthFreeing = 4096;

let nowhere: MessageChannel['port1'] | undefined;

/**
 * Frees the memory of pieces at once; they are empty afterwards, so nobody may need them any more. Only pieces that are
 * a whole `ArrayBuffer` are freed: of what is smaller, others may see the rest.
 *
 * Node's ciphers write each result into new memory, which otherwise waits for a collection: 30 MB of it before the first
 * scavenge, so that no piece is ever in a cache when it is written, and V8, which counts it against a heap of 9 MB, runs a
 * full collection for every 30 MB that pass. An `ArrayBuffer` gives its memory up when it is transferred, and a port that is
 * closed throws away what is posted to it, for 1 µs. (`ArrayBuffer.prototype.transfer` is no faster, and Node 20 lacks it.)
 */
export function free(pieces: readonly Uint8Array[]): void {
  const whole: ArrayBuffer[] = [];
  for (const { byteLength, buffer } of pieces) {
    if (byteLength >= worthFreeing && byteLength === buffer.byteLength) whole.push(buffer as ArrayBuffer);
  }
  if (whole.length === 0) return;
  nowhere ??= closedPort();
  nowhere.postMessage(undefined, whole);
}

function closedPort(): MessageChannel['port1'] {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  return port1;
}
