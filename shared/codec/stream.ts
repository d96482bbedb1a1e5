import type { Environment } from '../environment.js';
import type { Target } from './address.js';
import type { CipherBackend } from './aead.js';
import type { Method } from './methods.js';

export interface Cipher {
  readonly method: Method;
  readonly key: Uint8Array;
  readonly backend: CipherBackend;
}
export interface Sealer {
  seal(payload: Uint8Array, out: Uint8Array[]): void;
  end(out: Uint8Array[]): void;
  cut(out: Uint8Array[]): void;
}
export interface Opener {
  open(bytes: Uint8Array, out: Uint8Array[]): number;
  readonly ended: boolean;
  readonly atBoundary: boolean;
}
export declare class RequestSealer implements Sealer {
  constructor(cipher: Cipher, target: Target, env: Environment);
  readonly salt: Uint8Array;
  open(out: Uint8Array[]): void;
  seal(payload: Uint8Array, out: Uint8Array[]): void;
  end(out: Uint8Array[]): void;
  cut(out: Uint8Array[]): void;
}
export declare class ResponseOpener implements Opener {
  constructor(
    cipher: Cipher,
    requestSalt: Uint8Array,
    env: Environment,
    options: { readonly endMarks: boolean },
  );
  open(bytes: Uint8Array, out: Uint8Array[]): number;
  readonly ended: boolean;
  readonly atBoundary: boolean;
}
export interface OpenedRequest {
  readonly salt: Uint8Array;
  readonly timestamp: number | undefined;
  readonly target: Target;
  readonly payload: Uint8Array;
  readonly consumed: number;
  readonly opener: Opener;
}
export declare class RequestOpener {
  constructor(cipher: Cipher, env: Environment);
  readonly saltLength: number;
  open(bytes: Uint8Array): OpenedRequest | undefined;
}
export declare class ResponseSealer implements Sealer {
  constructor(cipher: Cipher, requestSalt: Uint8Array, env: Environment);
  readonly salt: Uint8Array;
  seal(payload: Uint8Array, out: Uint8Array[]): void;
  end(out: Uint8Array[]): void;
  cut(out: Uint8Array[]): void;
}
