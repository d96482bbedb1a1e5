import type { Method } from './methods.js';
import type { Edition } from './session.js';
import { sip004 } from './sip004.js';
import { sip022 } from './sip022.js';

const editions = { 2017: sip004, 2022: sip022 } satisfies Record<Method['edition'], Edition>;

/** How streams of that method begin. */
export function editionOf(method: Method): Edition {
  return editions[method.edition];
}
