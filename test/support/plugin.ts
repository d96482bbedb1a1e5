/** A SIP003 plugin of our own: it passes bytes on, each of them changed, so that only its like on the other side can read them. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryDirectory } from './directory.js';

/**
 * `server` listens on REMOTE and not on LOCAL; `fail` ends at once, `deaf` never listens, `stubborn` does not mind SIGTERM. It
 * says its process ID, what it was told, and who has come.
 */
const script = `#!${process.execPath}
const net = require('node:net');
const told = Object.entries(process.env).filter(([name]) => /^(SS_|HALFLIGHT_)/.test(name));
console.log('pid ' + process.pid);
console.error('told ' + JSON.stringify(Object.fromEntries(told)));
const { SS_REMOTE_HOST, SS_REMOTE_PORT, SS_LOCAL_HOST, SS_LOCAL_PORT, SS_PLUGIN_OPTIONS = '' } = process.env;
const remote = { host: SS_REMOTE_HOST, port: Number(SS_REMOTE_PORT) };
const local = { host: SS_LOCAL_HOST, port: Number(SS_LOCAL_PORT) };
const options = SS_PLUGIN_OPTIONS.split(';');
if (options.includes('fail')) {
  console.error('the option fail is not known');
  process.exit(3);
}
if (options.includes('stubborn')) process.on('SIGTERM', () => console.log('no'));
const [from, to] = options.includes('server') ? [remote, local] : [local, remote];
const relay = (source, sink) => {
  source.on('data', (bytes) => sink.write(bytes.map((byte) => byte ^ 0x5a)));
  source.on('end', () => sink.end());
  source.on('error', () => sink.resetAndDestroy());
};
const server = net.createServer({ allowHalfOpen: true }, (near) => {
  const far = net.connect({ ...to, allowHalfOpen: true });
  relay(near, far);
  relay(far, near);
});
if (options.includes('deaf')) setInterval(() => undefined, 1000);
else server.listen(from.port, from.host);
`;

/** Its name: a program that is gone after the test. */
export function relayPlugin(): string {
  const file = path.join(temporaryDirectory(), 'relay-plugin');
  writeFileSync(file, script, { mode: 0o755 });
  return file;
}

/** Whether a process runs; one that has ended, and that nobody has asked how, does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = process.platform === 'linux' ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
    return !/^\d+ \(.*\) Z /s.test(stat);
  } catch {
    return false;
  }
}
