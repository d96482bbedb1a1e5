import { describe } from 'vitest';
import { acceptSocks5, greetSocks5, readSocks5Reply } from '../../shared/proxy/socks5.js';
import { spacedHex } from '../support/handshake.js';
import { handshakeContract, type HandshakeUnderTest } from './handshake.js';

const domain = '0b 6578616d706c652e636f6d';

const handshakes: Readonly<Record<string, HandshakeUnderTest>> = {
  'accepting SOCKS5': {
    start: acceptSocks5,
    said: [
      '050100 05010001 c0000201 0050',
      '0503020100 05010004 20010db8000000000000000000000001 01bb',
      `050100 05010003 ${domain} 01bb`,
      '050100 05010003 00 0050',
      '050100 05010003 03 612062 0050',
      '050100 05020001 c0000201 0050',
      '050100 05010009',
      '050100 04010001',
      '050102',
      '0500',
      '04',
    ].map(spacedHex),
    longest: 257 + 262,
  },
  'greeting a SOCKS5 proxy': {
    start: greetSocks5,
    said: ['0500', '05ff', '4854'].map(spacedHex),
    longest: 2,
  },
  "reading a SOCKS5 proxy's answer": {
    start: readSocks5Reply,
    said: [
      '05000001 c0000207 1234',
      `05050003 ${domain} 0000`,
      '05000003 00 0000',
      '05000009',
      '48545450',
    ].map(spacedHex),
    longest: 262,
  },
};

describe.each(Object.entries(handshakes))('the contract of handshakes, %s', (_, handshake) => {
  handshakeContract(handshake);
});
