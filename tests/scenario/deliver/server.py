"""The stock nginx with the module, in a directory of its own, on ports of 127.0.0.1."""

import http.client
import os
import re
import signal
import shutil
import socket
import subprocess
import time

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

MAIN = """\
load_module {module};
{user}
worker_processes {workers};
daemon off;
pid {work}/nginx.pid;
error_log {work}/error.log info;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    log_format json escape=json '{{"uri":"$uri","status":$status,"bytes":$body_bytes_sent,'
        '"publication":"$sampan_publication","resource":"$sampan_resource"}}';
    access_log {work}/access.log json;
    client_body_temp_path {work}/body; proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi; uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    keepalive_timeout 600;
    add_header X-Worker $pid always;
{servers}
}}
"""


class Answer:
    def __init__(self, response, body):
        self.status, self.body = response.status, body
        self.headers = response.headers
        self.worker = int(response.headers.get("X-Worker", 0))

    def __getitem__(self, name):
        return self.headers.get(name)


class Connection:
    """One kept connection, hence one worker."""

    def __init__(self, port, receive=None):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        if receive:
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
            s.settimeout(60)
            s.connect(("127.0.0.1", port))
            self.http.sock = s

    def begin(self, path, method="GET", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.http.request(method, path, headers=headers)
        return self.http.getresponse()

    def ask(self, path, method="GET", **headers):
        response = self.begin(path, method, **headers)
        return Answer(response, response.read())

    def close(self):
        self.http.close()


class Server:
    def __init__(self, module, work, servers, preload=(), workers=2):
        self.work = work
        self.log = os.path.join(work, "error.log")
        self.conf = os.path.join(work, "nginx.conf")
        self.environment = dict(os.environ)
        if preload:
            options = self.environment.get("ASAN_OPTIONS", "")
            # the stock nginx is not ours to look for leaks in; RSS is to be looked at
            self.environment.update(
                LD_PRELOAD=":".join(preload),
                ASAN_OPTIONS=options + ":detect_leaks=0:quarantine_size_mb=16",
                UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
        user = "user nobody nogroup;" if os.getuid() == 0 else ""
        with open(self.conf, "w") as f:
            f.write(MAIN.format(module=module, user=user, workers=workers, work=work,
                                servers=servers))
        self.process = None

    def command(self, *arguments):
        return [NGINX, "-p", self.work, "-e", self.log, "-c", self.conf, *arguments]

    def test(self):
        """nginx -t: (exit status, what it said)."""
        done = subprocess.run(self.command("-t"), env=self.environment, capture_output=True,
                              text=True)
        return done.returncode, done.stderr

    def start(self, port):
        with open(os.path.join(self.work, "stderr"), "w") as stderr:
            self.process = subprocess.Popen(self.command(), env=self.environment, stderr=stderr)
        for _ in range(600):
            if self.process.poll() is not None:
                raise RuntimeError("nginx did not start: " + self.said())
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise RuntimeError("nginx does not listen: " + self.said())

    def stop(self):
        """SIGTERM, and the workers are gone when this returns."""
        if self.process and self.process.poll() is None:
            workers = self.workers()
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                for pid in workers:
                    os.kill(pid, signal.SIGKILL)
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None

    def workers(self):
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(child) for child in f.read().split()]

    def said(self):
        """The error log and what went to standard error."""
        text = ""
        for name in (self.log, os.path.join(self.work, "stderr")):
            if os.path.exists(name):
                with open(name, errors="replace") as f:
                    text += f.read()
        return text

    def faults(self):
        """Lines that no test may cause: crashes, sanitizers' words, alerts."""
        pattern = r"AddressSanitizer|runtime error|exited on signal|\[alert\]|\[crit\]|\[emerg\]"
        return [line for line in self.said().splitlines() if re.search(pattern, line)]


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid):
    """Bytes."""
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def mapped(pid, folder):
    """Files below folder that are mapped."""
    with open(f"/proc/{pid}/maps") as f:
        return {line.split(None, 5)[5].strip() for line in f if folder in line}
