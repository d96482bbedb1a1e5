/** What stands below the list of flags in the help of each command. */
import { methods } from '../shared/codec/methods.js';

const methodNames = Object.keys(methods).join(', ');

const endings = `
A signal (SIGINT, SIGTERM, SIGHUP) ends it with code 0: no new conversations, up to 10 s for those that run. A second
signal resets them and ends at once, with code 0 as well.
Exit codes: 64 usage, 69 address unavailable, 70 internal, 77 not permitted, 78 configuration.`;

const asking = `
With --auth or --auth-file programs must name one of these users and its password, by SOCKS5 or by HTTP Basic. An auth
file has a line USER:PASS for each user and mode 0600. HALFLIGHT_AUTH in the environment stands for one --auth, and
keeps it out of the process list.
`;

const hooking = `
Hooks see connections and their bytes, and may change them: informer writes a line for each event, dumper a file for each
conversation, and a file of yours (JavaScript or TypeScript) does what it says (docs/hooks.md). They are asked in order.
`;

const configuring = `
A config file says what flags say, in JSON5: {"listen": ":443"}. Flags win over variables, and these over the file. What a
switch in the file says can be taken back: --udp is the opposite of --no-udp, --no-open of --open.
`;

type Page =
  | 'root'
  | 'dump'
  | 'remote'
  | 'local'
  | 'up'
  | 'forward'
  | 'keygen'
  | 'uri'
  | 'config'
  | 'env'
  | 'run'
  | 'connect';

/** By the name of the command; `root` is for all of them. */
export const help: Readonly<Record<Page, string>> = {
  root: `
Examples:
  halflight up                            try it on one machine
  halflight remote                        on the server; prints the line to paste on the laptop
  halflight local 'halflight://…'         on the laptop
  curl -x socks5h://127.0.0.1:1080 https://example.com
  halflight run -- git clone https://…    one command through the port
  halflight forward 8000 example.com:80   a port that leads to one target
  ssh -o ProxyCommand='halflight connect %h %p' user@host

Help for one command: halflight COMMAND --help`,
  remote: `
Without a key the first start makes one, stores it, and every start uses it again. HALFLIGHT_KEY and HALFLIGHT_PASSWORD
in the environment stand for --key and --password, and keep them out of the process list.
${asking}${configuring}
With --workers auto it uses all cores: processes that share the port, the users and what is remembered of openings.

Standard Shadowsocks clients have no way to name a user: to them the key alone opens the remote.

With --users-file each user has a key, and the remote's own lets nobody in. The file has a line NAME:KEY for each (with a
method without 2022 in its name NAME:PASSWORD) and mode 0600. The same command with --uri-of NAME prints the URIs of one.
With --api they can be changed while it runs: Shadowsocks Server Management API v1, Authorization: Bearer and the token.

With --manager-address a panel opens and closes ports by the protocol of ss-manager, which asks nobody for a password. With
nothing else said of a port or a key, these ports are the only ones. -m is then the method of those that name none.

Examples:
  halflight remote
  halflight remote -l 203.0.113.7:443 --key-file /etc/halflight/remote.key
  halflight remote --users-file users --uri-of ann
  halflight remote --users-file users --api 8389 --api-token-file token
  halflight remote --manager-address 127.0.0.1:6001
  HALFLIGHT_PASSWORD=… halflight remote -m chacha20-ietf-poly1305 --public-host vpn.example.com
  halflight remote --plugin 'obfs-server;obfs=http'
${endings}

Methods: ${methodNames}`,
  local: `
URI is what the line that the remote prints ends with: halflight://… for a halflight remote, ss://… for any Shadowsocks
server. Put it in single quotes. It holds the key, and every user of this machine can read it in the process list:
HALFLIGHT_URI in the environment stands for it, and keeps it out.

Several URIs are servers that stand in for each other, the best first: new conversations go through the first that works.

--subscription names a list of servers that somebody keeps (SIP008), by its https:// address. It is asked for every hour,
and a copy is kept for the day when it cannot be had. Servers in arguments come before those of the list. The address is
as secret as a key: HALFLIGHT_SUBSCRIPTION stands for it. No plugin runs that a list names, unless --allow-plugin does, too.
${asking}With auth=remote in the URI it is the remote that asks, and HALFLIGHT_AUTH is left to the clients.
${configuring}
Examples:
  halflight local 'halflight://METHOD:KEY@vpn.example.com:8388'
  halflight local 'ss://METHOD:KEY@vpn.example.com:8388' -l 1081
  halflight local 'halflight://…@tokyo.example:8388#tokyo' 'ss://…@osaka.example:8388#osaka'
  halflight local 'halflight://…' -l 192.168.1.2:1080 --auth-file users
  HALFLIGHT_URI="$(cat uri.txt)" halflight local
  HALFLIGHT_SUBSCRIPTION="$(cat list.txt)" halflight local
  halflight local 'halflight://…' --plugin 'obfs-local;obfs=http;obfs-host=example.com'
${endings}`,
  up: `${asking}
Examples:
  halflight up
  halflight up -l 0 --json
${endings}`,
  forward: `
A port alone is one of 127.0.0.1; :PORT is one of every address, and whoever reaches it reaches the target. With /udp behind
the port it leads datagrams. A path, which begins with / or ./, is a unix socket. Ports below 1024 may need special rights.

--via names a proxy as a URI: halflight://, ss://, socks5://, socks4a://, http:// or https://. Without it the way is direct.
A URI with a password or a key in it is for a config file: every user of this machine can read the process list.

In a config file forwards are an object, each with a way of its own if need be; what is typed is added to them:
  { forwards: { "8000": "example.com:80", "5353/udp": { to: "1.1.1.1:53", via: "socks5://127.0.0.1:1080" } } }

Examples:
  halflight forward 8000 example.com:80
  halflight forward -L 8000:example.com:80 -L '[::1]:8001:[2001:db8::1]:80'
  halflight forward 5353/udp 1.1.1.1:53 --via socks5://127.0.0.1:1080
  halflight forward ./db.sock db.example.com:5432 --via "$(cat uri.txt)"
  halflight forward 8000 example.com:80 --hook informer
  halflight forward 8000 example.com:80 --hook dumper --dump-dir dumps
  halflight forward -c forward.json --hook ./mine.js
${hooking}${endings}`,
  dump: `
It reads the pcapng files that --hook dumper writes; tshark and Wireshark read them as well.

Examples:
  halflight dump cat dumps/….pcapng
  halflight dump cat dumps/….pcapng --extract down -o page.html

Exit codes: 0 written, 64 usage, 69 not written, 77 a file that may not be read, 78 a file that is no such dump.`,
  keygen: `
Examples:
  halflight keygen
  HALFLIGHT_KEY="$(halflight keygen)" halflight remote

Methods: ${methodNames}`,
  uri: `
A link holds a key, and every user of this machine can read it in the process list: give - and the link on stdin. What is
printed holds the key as well, except with --explain.

Examples:
  halflight uri - < links.txt                      every form that is read, written as ss://
  halflight uri --to halflight 'ss://…'            for halflight local
  halflight uri --explain - < links.txt
  halflight uri --qr -                             paste a link, then Ctrl-D
  halflight uri --svg phone.svg - < link.txt
  halflight uri --first-packet-check - < link.txt

ss is the form that all Shadowsocks programs read (SIP002), legacy the one before it, for very old ones. Conversion from ss
to halflight changes the wire: the server must be a halflight remote.

--first-packet-check makes 1,000 first packets as a local would send them for the link, sends none, and judges them by the
published rules for fully encrypted traffic (USENIX Security 2023). Those rules were in force in one country from 2021 to
2023; other observers have others.

Exit codes: 0 printed, 64 usage, 78 a link that cannot be used; 1 when --first-packet-check finds that such an observer can
tell the connections of a link.`,
  config: `
A file is read for a local, a remote or a forward by what is in it; --for says so where it says nothing or fits both. check tells
all mistakes, each as FILE:LINE:COLUMN. show starts nothing and makes no key. What is imported is the file of shadowsocks-libev,
shadowsocks-rust or the Python program, which -c reads as well.

Examples:
  halflight config check /etc/halflight/remote.json
  halflight config show remote -l :443                        with the default file, if there is one
  halflight config show local -c laptop.json
  halflight config import config.json --for local -o ~/.config/halflight/local.json

Exit codes: 0 nothing is wrong, 64 usage, 77 a file that may not be read, 78 a file that cannot be used.`,
  env: `
It sets http_proxy, https_proxy, all_proxy and no_proxy, in capitals as well. The shell is by default the one that SHELL
names, else sh. HALFLIGHT_AUTH stands for --auth.

Examples:
  eval "$(halflight env)"                                     sh, bash, zsh
  halflight env | source                                      fish
  halflight env --shell powershell | Out-String | Invoke-Expression
  for /f "delims=" %i in ('halflight env --shell cmd') do %i
  eval "$(halflight env --unset)"`,
  run: `
It sets what halflight env prints, for this one command. Signals are passed on, and it ends with the exit code of the
command: 128 + n after signal n, 127 when there is no such command, 126 when it cannot be executed. HALFLIGHT_AUTH stands
for --auth.

Examples:
  halflight run -- git clone https://…
  halflight run -l 1081 -- npm install`,
  connect: `
What comes on stdin goes to HOST:PORT, and what comes back goes to stdout. By default it goes through the local on
127.0.0.1:1080. With a URI, in --proxy or in HALFLIGHT_URI, it goes to the remote itself, and no local is needed; the
process list shows what --proxy says. HALFLIGHT_AUTH stands for --auth.

Examples:
  ssh -o ProxyCommand='halflight connect %h %p' user@host
  halflight connect example.com 80 --proxy 127.0.0.1:1081
  HALFLIGHT_URI="$(cat uri.txt)" halflight connect example.com 80

Exit codes: 0 when the far side has ended, 64 usage, 69 not reached or broken off, 77 not allowed, 78 configuration.`,
};
