import { libev } from './libev.js';
import type { Implementation } from './peer.js';
import { pproxy } from './pproxy.js';
import { rust } from './rust.js';
import { singBox } from './sing-box.js';
import { v2ray } from './v2ray.js';
import { xray } from './xray.js';

/** All that is tried, in the order of the tables. */
export const implementations: readonly Implementation[] = [libev, rust, singBox, v2ray, xray, pproxy];
