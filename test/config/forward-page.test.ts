import { expect, it } from 'vitest';
import { type ForwardLine, forwardPage, openToOthers } from '../../shared/config/forward-page.js';

const lines: readonly ForwardLine[] = [
  { listen: '127.0.0.1:8000', to: 'example.com:80', transport: 'tcp', via: [] },
  { listen: '[::]:5353', to: '1.1.1.1:53', transport: 'udp', via: ['socks5://u:***@a:1', 'http://b:2'] },
  { listen: '/run/x.sock', to: '/run/y\u001b.sock', transport: 'tcp', via: [] },
  { listen: './x.sock', to: 'db:5432', transport: 'tcp', via: [] },
  { listen: '192.0.2.1:80', to: 'a:1', transport: 'tcp', via: [] },
];

it('says what leads where, what others reach, and which hooks there are', () => {
  expect(forwardPage({ forwards: lines, hooks: ['informer', './a.js'] })).toEqual([
    'halflight forward listens on 5 places:',
    '',
    '  127.0.0.1:8000 → example.com:80',
    '  [::]:5353/udp  → 1.1.1.1:53 (via socks5://u:***@a:1, then http://b:2)',
    '  /run/x.sock    → /run/y\\u001b.sock',
    '  ./x.sock       → db:5432',
    '  192.0.2.1:80   → a:1',
    '',
    'Whoever reaches [::]:5353/udp, 192.0.2.1:80 from elsewhere reaches the target, and is asked for nothing.',
    '',
    'Hooks: informer, ./a.js.',
    '',
  ]);
});

it('says no more than there is', () => {
  expect(forwardPage({ forwards: lines.slice(0, 1), hooks: [] })).toEqual([
    'halflight forward listens on one place:',
    '',
    '  127.0.0.1:8000 → example.com:80',
    '',
  ]);
  expect(openToOthers(lines)).toEqual(['[::]:5353/udp', '192.0.2.1:80']);
});
