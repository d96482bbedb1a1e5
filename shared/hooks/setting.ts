/** Which hooks a half is to have, as settings say it. */
import type { DumperSettings } from './dumper/settings.js';
import type { HookSource } from './hook.js';
import type { InformerSettings } from './informer.js';

/** One hook: of a file, which runs in a thread of its own; of this program; or one that comes with halflight. */
export type HookSetting =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'given'; readonly source: HookSource }
  | { readonly kind: 'informer'; readonly settings: InformerSettings }
  | { readonly kind: 'dumper'; readonly settings: DumperSettings };
