"""What PySocks is asked to do by clients-pysocks.test.ts, told as JSON in the only argument.

    kind      SOCKS4, SOCKS5, HTTP, or UDP (by SOCKS5)
    proxy     [host, port]
    login     [user, password], or []
    target    [host, port]
    rdns      whether names are left to the proxy
    path      of the HTTP request, whose whole answer goes to stdout; or for UDP
    lengths   of the datagrams that are to come back as they were sent
"""

import json
import shutil
import socket
import sys

import socks

asked = json.loads(sys.argv[1])
target = tuple(asked["target"])


def proxied(family, kind, protocol):
    made = socks.socksocket(family, kind)
    made.settimeout(20)
    made.set_proxy(protocol, *asked["proxy"], asked["rdns"], *asked["login"])
    return made


def fetch():
    with proxied(socket.AF_INET, socket.SOCK_STREAM, getattr(socks, asked["kind"])) as stream:
        stream.connect(target)
        stream.sendall(f"GET {asked['path']} HTTP/1.0\r\n\r\n".encode())
        with stream.makefile("rb") as answer:
            while answer.readline() not in (b"\r\n", b""):
                pass
            shutil.copyfileobj(answer, sys.stdout.buffer)


def payload(length):
    return bytes((length + at) % 256 for at in range(length))


def echo():
    with proxied(socket.AF_INET, socket.SOCK_DGRAM, socks.SOCKS5) as datagrams:
        datagrams.bind(("", 0))
        back = []
        for length in asked["lengths"]:
            datagrams.sendto(payload(length), target)
            answer, origin = datagrams.recvfrom(65535)
            if answer != payload(length):
                sys.exit(f"datagram of {length} bytes: expected it back, got {len(answer)} others")
            back.append([len(answer), *origin[:2]])
        json.dump(back, sys.stdout)


if asked["kind"] == "UDP":
    echo()
else:
    fetch()
