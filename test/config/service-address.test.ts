import { expect, it } from 'vitest';
import { reachable, readService } from '../../shared/config/service-address.js';

it('where a service listens is taken apart', () => {
  expect(readService('127.0.0.1:1080')).toEqual({ host: '127.0.0.1', port: 1080 });
  expect(readService('[::]:8388')).toEqual({ host: '::', port: 8388 });
});

it('what listens everywhere is reached on loopback', () => {
  for (const host of ['', '0.0.0.0', '::'])
    expect(reachable({ host, port: 1 })).toEqual({ host: '127.0.0.1', port: 1 });
  for (const host of ['::1', '192.0.2.1', 'laptop']) expect(reachable({ host })).toEqual({ host });
});
