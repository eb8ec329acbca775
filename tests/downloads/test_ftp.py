"""Transfers by ftp, from a server of one file."""

import contextlib
import socket
import threading

import pytest

from reprise.storage.errors import DownloadError


class FtpServer:
    """Knows what a client needs to fetch ``content`` as /pub/x.bin; ``drops`` transfers end in their middle."""

    def __init__(self, content):
        self.content, self.date, self.drops, self.commands = content, "20200101000000", 0, []
        self.known = {"SIZE", "MDTM", "REST"}
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"ftp://127.0.0.1:{self.socket.getsockname()[1]}/pub/x.bin"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join()

    def _serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            gone = contextlib.suppress(OSError)
            with gone, client, client.makefile("rw", encoding="latin-1", newline="\r\n") as lines:
                self._talk(lines)

    def _talk(self, lines):
        def say(text):
            lines.write(f"{text}\n")
            lines.flush()

        say("220 ready")
        offset, data = 0, None
        for line in lines:
            command, _, argument = line.strip().partition(" ")
            self.commands.append(line.strip())
            absent = argument != "pub/x.bin"
            if command in ("SIZE", "MDTM", "REST") and command not in self.known:
                say("502 unknown")
            elif command == "SIZE":
                say("550 no such file" if absent else f"213 {len(self.content)}")
            elif command == "MDTM":
                say("550 no such file" if absent else f"213 {self.date}")
            elif command == "REST":
                offset = int(argument)
                say("350 go on")
            elif command == "PASV":
                data = socket.create_server(("127.0.0.1", 0))
                port = data.getsockname()[1]
                say(f"227 here (127,0,0,1,{port // 256},{port % 256})")
            elif command == "RETR" and absent:
                data.close()
                say("550 no such file")
            elif command == "RETR":
                say("150 it comes")
                body = self.content[offset:]
                connection, _ = data.accept()
                with data, connection:
                    connection.sendall(body[: len(body) // 2] if self.drops else body)
                say("426 closed" if self.drops else "226 done")
                self.drops, offset = max(0, self.drops - 1), 0
            else:
                say({"USER": "331 password", "PASS": "230 welcome", "TYPE": "200 binary"}.get(command, "502 unknown"))


@pytest.fixture
def ftp(content):
    server = FtpServer(content)
    yield server
    server.close()


def test_a_file(ftp, get, file, content):
    assert get(ftp.url)["url"] == ftp.url
    assert file.read_bytes() == content


def test_a_dropped_transfer_is_continued(ftp, get, file, content):
    ftp.drops = 2
    get(ftp.url)
    places = [command for command in ftp.commands if command.startswith("REST")]
    assert places == [f"REST {len(content) // 2}", f"REST {len(content) * 3 // 4}"]
    assert file.read_bytes() == content


@pytest.mark.parametrize("unknown", ["SIZE", "MDTM", "REST"])
def test_a_server_that_cannot_continue(ftp, get, file, content, unknown):
    ftp.known.remove(unknown)
    ftp.drops = 1
    get(ftp.url)
    assert file.read_bytes() == content


def test_another_version_is_not_joined(ftp, get, file, content):
    ftp.drops = 1
    with pytest.raises(DownloadError, match="attempted 1 times"):
        get(ftp.url, patience={"retries": 0})
    assert file.with_name("x.bin.part").stat().st_size == len(content) // 2
    ftp.content, ftp.date = content[::-1], "20210101000000"
    get(ftp.url)
    assert file.read_bytes() == content[::-1]


def test_an_absent_file(ftp, get):
    with pytest.raises(DownloadError, match="the ftp server refuses it: 550 no such file"):
        get(ftp.url.replace("x.bin", "y.bin"))


def test_a_closed_server_and_odd_addresses(get, closed):
    with pytest.raises(DownloadError, match="ConnectionRefusedError"):
        get(f"ftp://127.0.0.1:{closed}/x", patience={"retries": 0})
    with pytest.raises(DownloadError, match="refuses the connection"):
        get("ftp://127.0.0.1:99999999/x", patience={"retries": 0})


def test_a_mirror_by_ftp(ftp, get, file, content):
    get("http://127.0.0.1:1/official/x.bin", mirror=ftp.url.removesuffix("/x.bin"))
    assert file.read_bytes() == content
