/** A page whose script talks to its server by a WebSocket (RFC 6455), and the server. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Site, startSite } from './site.js';

/** What is on the page once the script has been answered. */
export const answered = 'heard by the far end: a word from the page';

/** The picture keeps the page from being complete until the script has written, so that whoever waits for that sees it. */
const page = `<!doctype html>
<title>far</title>
<p id="said">nothing</p>
<script>
  const write = (text) => {
    document.getElementById('said').textContent = text;
    void fetch('/written', { method: 'POST', body: text });
  };
  const socket = new WebSocket('ws://' + location.host + '/socket');
  socket.onopen = () => socket.send('a word from the page');
  socket.onmessage = ({ data }) => write(data);
  socket.onerror = () => write('an error');
</script>
<img src="/when-written" alt="">
`;

/** Starts the server on a free port of `host`, an IP address. */
export async function startPage(host: string): Promise<Site> {
  const waiting: ServerResponse[] = [];
  const site = await startSite((request, response) => {
    if (request.url === '/when-written') {
      waiting.push(response);
      return;
    }
    if (request.url === '/') response.setHeader('content-type', 'text/html');
    response.end(request.url === '/' ? page : undefined);
    if (request.url === '/written') for (const held of waiting.splice(0)) held.end();
  }, host);
  site.server.on('upgrade', answerSocket);
  return site;
}

/** RFC 6455 §1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function answerSocket({ headers }: IncomingMessage, socket: Duplex): void {
  const key = headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}${acceptSuffix}`).digest('base64');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
  socket.on('error', () => undefined);
  let received = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    const text = readText(received);
    if (text === undefined) return;
    socket.end(textFrame(`heard by the far end: ${text}`));
  });
}

/**
 * The text of one short masked frame (RFC 6455 §5.2), or undefined while it is not whole.
 * ```
 * +-----------+---------------------+------+---------+
 * | FIN, text | MASK, length < 126  | mask | payload |
 * +-----------+---------------------+------+---------+
 * |   0x81    |    0x80 + length    |  4   | length  |
 * +-----------+---------------------+------+---------+
 * ```
 */
function readText(bytes: Buffer): string | undefined {
  const length = (bytes[1] ?? 0) & 0x7f;
  if (bytes.length < 6 + length) return undefined;
  const mask = bytes.subarray(2, 6);
  return Buffer.from(bytes.subarray(6, 6 + length).map((byte, at) => byte ^ (mask[at % 4] ?? 0))).toString();
}

/** The same without a mask: what a server sends has none. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.of(0x81, payload.length), payload]);
}
