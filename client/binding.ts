/** A port at a proxy that waits for one connection. */
import type { Target } from '../shared/codec/address.js';
import type { Binding } from '../shared/outbound/outbound.js';
import { disposedError } from './proxy-error.js';
import type { ConnectedSocket } from './socket.js';

/** A port at the proxy that waits for one connection from one host (RFC 1928 §4, BIND). */
export interface ProxyBinding extends AsyncDisposable {
  /** Where it waits: tell it to whoever is to connect. */
  readonly bound: Target;
  /**
   * The connection, once it has come. Rejects with a ProxyError when the proxy waits no longer, when another host came,
   * and when the binding is closed.
   */
  readonly accepted: Promise<ConnectedSocket>;
  /** Waits no longer. A connection that has come stays. */
  close(): void;
}

/** A binding whose connection is `arrived` once it has come. */
export function proxyBinding(binding: Binding, arrived: Promise<ConnectedSocket>): ProxyBinding {
  let closed = false;
  const accepted = arrived.catch((error: unknown) =>
    Promise.reject(closed ? disposedError('binding') : (error as Error)),
  );
  // It may break before anybody asks for it.
  accepted.catch(() => undefined);
  const close = (): void => {
    closed = true;
    binding.close();
  };
  return {
    bound: binding.bound,
    accepted,
    close,
    [Symbol.asyncDispose]: () => {
      close();
      return Promise.resolve();
    },
  };
}
