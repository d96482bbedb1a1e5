import type { PushStream } from '../net/stream.js';
import { TcpStream } from '../net/tcp.js';
import type { HopPlace } from './hop.js';

/** Where a proxy is whose own word for it is 0.0.0.0: the address that was reached, or where it was said to be. */
export function hostOfProxy(stream: PushStream, { at }: HopPlace): string {
  const reached = stream instanceof TcpStream ? stream.peer : '';
  return reached === '' ? at.host : reached;
}
