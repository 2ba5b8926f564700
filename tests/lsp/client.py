"""A client of the language server for tests: a process, its messages, and waits with an end."""
import json, os, select, subprocess, time, urllib.parse

LIMIT = float(os.environ.get("TVT_LSP_LIMIT", "120"))  # seconds that any one wait may take


def uri(path):
    return "file://" + urllib.parse.quote(os.path.abspath(path))


class Gone(Exception):
    pass


class Client:
    def __init__(self, tool, *args, cwd=None):
        self.p = subprocess.Popen([tool, "lsp", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd, bufsize=0)
        self.buf = b""
        self.next = 0
        self.notes = []  # notifications and requests of the server, in order
        self.answers = {}
        self.diags = {}  # by URI: (version, list)
        self.take_token = True

    def raw(self, data):
        self.p.stdin.write(data)

    def send(self, msg):
        body = json.dumps(dict(jsonrpc="2.0", **msg)).encode()
        self.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def notify(self, method, **params):
        self.send(dict(method=method, params=params))

    def start(self, method, **params):
        self.next += 1
        self.send(dict(id=self.next, method=method, params=params))
        return self.next

    def request(self, method, **params):
        return self.answer(self.start(method, **params))

    def answer(self, id):
        self.wait(lambda: id in self.answers, "the answer to %s" % id)
        return self.answers.pop(id)

    def result(self, method, **params):
        a = self.request(method, **params)
        assert "result" in a, a
        return a["result"]

    def take(self, msg):
        if "method" not in msg:
            self.answers[msg.get("id")] = msg
            return
        self.notes.append(msg)
        if msg["method"] == "textDocument/publishDiagnostics":
            p = msg["params"]
            self.diags[p["uri"]] = (p.get("version"), p["diagnostics"])
        if "id" in msg:
            if msg["method"] == "window/workDoneProgress/create" and not self.take_token:
                self.send(dict(id=msg["id"], error=dict(code=-32601, message="no")))
            else:
                self.send(dict(id=msg["id"], result=None))

    def pump(self, seconds):
        """Reads what is there, waiting at most so long for the first byte."""
        if not select.select([self.p.stdout], [], [], seconds)[0]:
            return
        got = os.read(self.p.stdout.fileno(), 1 << 20)
        if not got:
            raise Gone()
        self.buf += got
        while b"\r\n\r\n" in self.buf:
            head, rest = self.buf.split(b"\r\n\r\n", 1)
            n = int(head.split(b":")[1])
            if len(rest) < n:
                return
            self.take(json.loads(rest[:n]))
            self.buf = rest[n:]

    def wait(self, done, what):
        end = time.time() + LIMIT
        while not done():
            if time.time() > end:
                raise AssertionError("timed out waiting for " + what)
            self.pump(min(1.0, end - time.time()))

    def initialize(self, folders=(), **caps):
        r = self.result("initialize", processId=os.getpid(), rootUri=None, capabilities=caps,
                        workspaceFolders=[dict(uri=uri(f), name=os.path.basename(f)) for f in folders])
        self.notify("initialized")
        return r

    def open(self, path, text=None, version=1):
        if text is None:
            text = open(path, encoding="utf-8", newline="").read()
        self.notify("textDocument/didOpen", textDocument=dict(uri=uri(path), languageId="c", version=version, text=text))
        return uri(path)

    def change(self, u, version, *changes):
        self.notify("textDocument/didChange", textDocument=dict(uri=u, version=version), contentChanges=list(changes))

    def published(self, u, test=lambda diags: True, what=None):
        """The diagnostics of u, once there are some that pass the test."""
        self.wait(lambda: u in self.diags and test(self.diags[u][1]), what or "diagnostics of " + u)
        return self.diags[u][1]

    def close(self):
        self.result("shutdown")
        self.notify("exit")
        self.p.stdin.close()
        return self.p.wait(LIMIT)


def findings(diags):
    """What `check` calls findings: not registrations, unused suppressions and the like."""
    return [d for d in diags if d.get("data", {}).get("kind") == "finding"]


def key(path, d):
    """Comparable with key_of_check()."""
    s = d["range"]["start"]
    return (os.path.realpath(path), s["line"] + 1, s["character"] + 1, d["code"], d["message"])


def check(tool, build, where):
    """The findings of `check`, from its JSON."""
    out = subprocess.run([tool, "check", "-p", build, "--format", "json", where], capture_output=True, cwd=where)
    assert out.returncode in (0, 1), out.stderr
    return json.loads(out.stdout)


def keys_of_check(report, root):
    return sorted((os.path.realpath(os.path.join(root, f["file"])), f["line"], f["column"], f["rule"], f["message"])
                  for f in report["findings"] if "suppressed" not in f)
