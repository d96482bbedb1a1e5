import { describe } from 'vitest';
import { allMethods, backends } from '../support/codec.js';
import { packetContract } from './packets.js';

describe.each(backends)('the contract of packets, %s', (backend) => {
  describe.each(allMethods)('$name', (method) => {
    packetContract(method, backend);
  });
});
