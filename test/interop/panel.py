"""A panel: says each of its messages to a manager, and prints what it hears, as a list of JSON.

The one argument is JSON: `address`, a path or [host, port], and `messages`, each [text, answers].
"""
import json
import os
import socket
import sys
import tempfile

task = json.loads(sys.argv[1])
address = task["address"]
with tempfile.TemporaryDirectory() as directory:
    if isinstance(address, str):
        panel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        panel.bind(os.path.join(directory, "panel.sock"))
    else:
        address = tuple(address)
        panel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    panel.settimeout(10)
    panel.connect(address)
    heard = []
    for text, answers in task["messages"]:
        panel.send(text.encode("latin-1"))
        heard.append([panel.recv(65536).decode("latin-1") for _ in range(answers)])
    print(json.dumps(heard))
