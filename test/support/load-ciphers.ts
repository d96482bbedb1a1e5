/** For tests that make ciphers without the program that loads them first. */
import { loadCiphers } from '../../shared/codec/aead.js';
import { allMethods, backends } from './codec.js';

for (const backend of backends) for (const method of allMethods) await loadCiphers(method, backend);
