# SPDX-License-Identifier: MIT
"""Speech, against a server that speaks speech-dispatcher's protocol (SSIP) and notes what it is to
say."""

import os
import pathlib
import socket
import tempfile
import threading
import time
import unittest

from sinks import Case, LEAKS_ALLOWED


class Server:
    """One client after another on a Unix socket."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="asl-ssip-")
        self.path = str(pathlib.Path(self.folder.name) / "socket")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.heard = []
        self.deaf = threading.Event()
        self.client = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                self.client, _ = self.listener.accept()
                with self.client, self.client.makefile("rwb") as stream:
                    self.talk(stream)
            except (OSError, ValueError):
                return

    def talk(self, stream):
        text = None
        for raw in stream:
            line = raw.decode().rstrip("\r\n")
            if text is not None and line != ".":
                text.append(line)
                continue
            if self.deaf.is_set():
                continue
            if text is not None:
                self.heard.append(("say", "\n".join(text)))
                text, answer = None, "225-1\r\n225 OK MESSAGE QUEUED"
            elif line.upper() == "SPEAK":
                text, answer = [], "230 OK RECEIVING DATA"
            elif line.upper().startswith("CHAR "):
                self.heard.append(("char", line[5:]))
                answer = "225-1\r\n225 OK MESSAGE QUEUED"
            elif line.upper().startswith("CANCEL"):
                self.heard.append(("cancel", ""))
                answer = "210 OK CANCELED"
            elif line.upper() == "QUIT":
                answer = "231 HAPPY HACKING"
            else:
                answer = "200 OK"
            stream.write(answer.encode() + b"\r\n")
            stream.flush()

    def close(self):
        self.listener.close()
        if self.client:
            try:
                self.client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.folder.cleanup()


class Speech(Case):
    def speak(self, server, stdin, **options):
        env = {**os.environ, "SPEECHD_ADDRESS": f"unix_socket:{server.path}"}
        return self.finish(self.start("speech", env=env), stdin, **options)

    def serve(self):
        server = Server()
        self.addCleanup(server.close)
        return server

    def test_letters_and_words(self):
        server = self.serve()
        self.speak(server, b"+X\n=LOST\ng\n+A\n+del\n+space\n=HELLO\n.\ns300\n")
        self.assertEqual(server.heard, [("char", "A"), ("say", "delete"), ("say", "space"),
                                        ("say", "HELLO")])

    def test_a_pause_silences(self):
        server = self.serve()
        self.speak(server, b"g\n=ONE\ns200\np\n=TWO\ns200\ng\n=THREE\ns200\n")
        self.assertEqual(server.heard, [("say", "ONE"), ("cancel", ""), ("say", "THREE")])

    def test_no_server(self):
        # libspeechd leaks its story of how the server did not start.
        env = {**os.environ, **LEAKS_ALLOWED, "SPEECHD_CMD": "/bin/false",
               "SPEECHD_ADDRESS": f"unix_socket:{self.folder}/none"}
        start = time.monotonic()
        _, err = self.finish(self.start("speech", env=env), code=4)
        self.assert_one_line(err, "cannot speak: no speech-dispatcher answers", "spd-say hello")
        self.assertLess(time.monotonic() - start, 10)

    def test_a_server_that_leaves(self):
        server = self.serve()
        env = {**os.environ, "SPEECHD_ADDRESS": f"unix_socket:{server.path}"}
        process = self.start("speech", env=env)
        process.stdin.write(b"g\n=ONE\n")
        process.stdin.flush()
        self.until(lambda: server.heard, "ONE")
        server.close()
        _, err = self.finish(process, b"=TWO\ns300\n.\n", code=4)
        self.assert_one_line(err, "speech has ended: speech-dispatcher is gone")

    def test_a_server_that_hangs_stops_nobody(self):
        server = self.serve()
        env = {**os.environ, "SPEECHD_ADDRESS": f"unix_socket:{server.path}"}
        process = self.start("speech", env=env)
        process.stdin.write(b"g\n=ONE\n")
        process.stdin.flush()
        self.until(lambda: server.heard, "ONE")
        server.deaf.set()
        start = time.monotonic()
        self.finish(process, b"=TWO\n" * 50 + b"s100\n.\n")
        self.assertLess(time.monotonic() - start, 5)


if __name__ == "__main__":
    unittest.main()
