import { describe, expect, it } from 'vitest';
import { readSubscriptionUrl, redactSubscription } from '../../shared/config/subscription.js';
import { messageOf } from '../support/config.js';

describe('the address of a subscription', () => {
  it.each([
    ['https://a.example/list?token=geheim', 'https://a.example/list?token=geheim'],
    ['  "https://a.example/"\n', 'https://a.example/'],
    ["'HTTPS://A.example:8443'", 'https://a.example:8443/'],
    ['https://ann:geheim@a.example/', 'https://ann:geheim@a.example/'],
    ['ssconf://a.example/key?token=geheim#Tokyo', 'https://a.example/key?token=geheim#Tokyo'],
    ['https://[2001:db8::1]/', 'https://[2001:db8::1]/'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
    ['http://127.1/', 'http://127.0.0.1/'],
    ['http://[::1]/', 'http://[::1]/'],
    ['http://localhost/', 'http://localhost/'],
  ])('may be %s', (text, href) => {
    expect(readSubscriptionUrl(text).href).toBe(href);
  });

  it.each([
    ['', 'https://HOST/PATH, got another text'],
    ['geheim', 'https://HOST/PATH, got another text'],
    ['a.example/geheim', 'https://HOST/PATH, got another text'],
    ['https:a.example/geheim', 'https://HOST/PATH, got another text'],
    ['https://a.example/ge heim', 'https://HOST/PATH, got another text'],
    ['https://a.example/\u0000', 'https://HOST/PATH, got another text'],
    ['https://', 'https://HOST/PATH, got an address that cannot be read'],
    ['https://a.example:99999/geheim', 'https://HOST/PATH, got an address that cannot be read'],
    ['ss://geheim@a.example:1', 'got ss://: that is one server, and goes without --subscription'],
    ['file:///etc/passwd', 'https://HOST/PATH, got file://'],
    ['ftp://a.example/geheim', 'https://HOST/PATH, got ftp://'],
    ['http://a.example/geheim', 'got http://, which is for this machine alone'],
    ['http://127.0.0.1.evil.example/', 'got http://, which is for this machine alone'],
    ['http://localhost.evil.example/', 'got http://, which is for this machine alone'],
    ['http://127.0.0.1@evil.example/', 'got http://, which is for this machine alone'],
    ['http://192.168.1.1/', 'got http://, which is for this machine alone'],
    [`https://a.example/${'x'.repeat(4096)}`, 'at most 4096 bytes, got more'],
  ])('may not be %s', (text, words) => {
    const message = messageOf(() => readSubscriptionUrl(text));
    expect(message).toMatch(/^ConfigError: subscription: expected [^\n]+$/);
    expect(message).toContain(words);
    expect(message).not.toMatch(/geheim/);
  });

  it('is shown without what may be a secret', () => {
    expect(redactSubscription('https://ann:geheim@a.example:8443/geheim?token=geheim#geheim')).toBe(
      'https://a.example:8443/***',
    );
  });
});
