/** Halves inside this process as a program has them. */
import { onTestFinished } from 'vitest';
import { createLocal, type EmbeddedLocal } from '../../local/embedded.js';
import { createRemote, type EmbeddedRemote } from '../../remote/embedded.js';
import type { LocalOptions } from '../../shared/config/local-options.js';
import type { RemoteOptions } from '../../shared/config/remote-options.js';
import { connectThrough } from './tunnel.js';
import type { Target } from '../../shared/codec/address.js';

/** A remote on a free port that leads to this host, and runs until the test is over. */
export async function embeddedRemote(options: RemoteOptions = {}): Promise<EmbeddedRemote> {
  const remote = createRemote({ listen: '127.0.0.1:0', allowPrivate: true, ...options });
  onTestFinished(() => remote.stop());
  return remote.start();
}

/** A local on a free port that leaves through this server, and runs until the test is over. */
export async function embeddedLocal(
  server: NonNullable<LocalOptions['server']>,
  options: LocalOptions = {},
): Promise<EmbeddedLocal> {
  // Carriers that nobody asked for are met only where a test wants them.
  const local = createLocal({ server, listen: 0, timeouts: { warmForMs: 0 }, ...options });
  onTestFinished(() => local.stop());
  return local.start();
}

/** What a target that echoes says through the local. */
export async function echoThrough(local: EmbeddedLocal, echo: Target, text: string): Promise<string> {
  const client = await connectThrough({ local: local.address() }, echo);
  void client.send(text);
  const heard = await client.read(text.length);
  client.end();
  await client.ended();
  return heard.toString();
}
