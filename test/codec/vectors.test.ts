import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { masterKey, sessionSubkey } from '../../shared/codec/keys.js';
import { methods } from '../../shared/codec/methods.js';
import { RequestOpener, RequestSealer, ResponseOpener, ResponseSealer } from '../../shared/codec/stream.js';
import {
  ascii,
  backends,
  fixedEnvironment,
  hex,
  methods2017,
  methods2022,
  openAll,
  sealed,
  text,
  toHex,
  vectors,
} from '../support/codec.js';

const target = { host: 'example.com', port: 443 };

/** The draw that makes 3 bytes of padding out of 0..895, for a first payload of 5. */
const threeOfPadding = hex('00e00000');

describe.each(backends)('vectors, %s', (backend) => {
  test.each(methods2017)('$name: a request is byte for byte that of SIP004', (method) => {
    const vector = vectors.sip004[method.name] ?? expect.fail('no vector');
    const key = masterKey(method, 'password');
    expect(toHex(key)).toBe(vector.master);
    expect(toHex(sessionSubkey(method, key, hex(vector.salt)))).toBe(vector.subkey);

    const request = new RequestSealer({ method, key, backend }, target, fixedEnvironment([hex(vector.salt)]));
    const bytes = sealed((out) => {
      request.seal(ascii('hello'), out);
      request.seal(ascii('world'), out);
    });
    expect(toHex(bytes)).toBe(vector.tcp);

    const opened = new RequestOpener({ method, key, backend }, fixedEnvironment()).open(hex(vector.tcp));
    if (opened === undefined) expect.fail('a whole request asked for more');
    expect(opened.target).toEqual(target);
    expect(text(opened.payload)).toBe('hello');
    expect(opened.timestamp).toBeUndefined();
    expect(openAll(opened.opener, [hex(vector.tcp).subarray(opened.consumed)]).plaintext).toEqual(
      ascii('world'),
    );
  });

  test.each(methods2022)('$name: a request is byte for byte that of SIP022', (method) => {
    const vector = vectors.sip022[method.name] ?? expect.fail('no vector');
    const cipher = { method, key: hex(vector.psk), backend };
    expect(toHex(sessionSubkey(method, cipher.key, hex(vector.request_salt)))).toBe(vector.request_subkey);

    const request = new RequestSealer(
      cipher,
      target,
      fixedEnvironment([hex(vector.request_salt), threeOfPadding]),
    );
    const bytes = sealed((out) => {
      request.seal(ascii('hello'), out);
      request.seal(ascii('world'), out);
    });
    expect(toHex(bytes)).toBe(vector.tcp_request);

    const opened = new RequestOpener(cipher, fixedEnvironment()).open(hex(vector.tcp_request));
    if (opened === undefined) expect.fail('a whole request asked for more');
    expect(opened.target).toEqual(target);
    expect(opened.timestamp).toBe(1_700_000_000);
    expect(text(opened.payload)).toBe('hello');
    const rest = hex(vector.tcp_request).subarray(opened.consumed);
    expect(openAll(opened.opener, [rest]).plaintext).toEqual(ascii('world'));
  });

  test.each(methods2022)('$name: a response is byte for byte that of SIP022', (method) => {
    const vector = vectors.sip022[method.name] ?? expect.fail('no vector');
    const cipher = { method, key: hex(vector.psk), backend };
    const salt = hex(vector.request_salt);

    const response = new ResponseSealer(cipher, salt, fixedEnvironment([hex(vector.response_salt)]));
    const bytes = sealed((out) => {
      response.seal(ascii('hi'), out);
      response.seal(ascii('bye'), out);
    });
    expect(toHex(bytes)).toBe(vector.tcp_response);

    const opener = new ResponseOpener(cipher, salt, fixedEnvironment(), { endMarks: false });
    expect(openAll(opener, [hex(vector.tcp_response)]).plaintext).toEqual(
      concat([ascii('hi'), ascii('bye')]),
    );
  });
});

test('EVP_BytesToKey gives the published keys', () => {
  const { '16': short, '32': long, empty32 } = vectors.evp;
  expect(toHex(masterKey(methods['aes-128-gcm'], vectors.evp.password))).toBe(short);
  expect(toHex(masterKey(methods['aes-256-gcm'], vectors.evp.password))).toBe(long);
  expect(toHex(masterKey(methods['aes-256-gcm'], ''))).toBe(empty32);
  // HMBSbige/Shadowsocks.Net, UnitTest/DeriveKeyTest.cs
  expect(toHex(masterKey(methods['aes-256-gcm'], '123中1文da18测)试abc!#$@('))).toBe(
    '8c5ea5e7ade3b3133a479e6aff0506dd7952bf75984a26722070cd9e44a09353',
  );
  expect(toHex(masterKey(methods['aes-256-gcm'], 'Imakethis_LongPassPhraseFor_safety_2019_0928@_@!'))).toBe(
    '4b01a2d762fada9ede4d1034a13dc69c3b528b738236b99cd3a472d2933580d6',
  );
});

test('the session subkey of SIP022 is the published one', () => {
  // Zmax0/urban-spork, AEAD2022TestCase.java
  const method = methods['2022-blake3-aes-256-gcm'];
  const key = masterKey(method, 'Lc3tTx0BY6ZJ/fCwOx3JvF0I/anhwJBO5p2+FA5Vce4=');
  const salt = Buffer.from('3oFO0VyLyGI4nFN0M9P+62vPND/L6v8IingaPJWTbJA=', 'base64');
  expect(Buffer.from(sessionSubkey(method, key, salt)).toString('base64')).toBe(
    'EdNE+4U8dVnHT0+poAFDK2bdlwfrHT61sUNr9WYPh+E=',
  );
});
