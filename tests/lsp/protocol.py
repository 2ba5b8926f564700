#!/usr/bin/env python3
"""protocol.py TOOL SAMPLES [TEST...] - the language server from outside, with a client of our own."""
import json, os, shutil, subprocess, sys, tempfile, time, traceback

sys.path.insert(0, os.path.dirname(__file__))
from client import Client, Gone, check, findings, key, keys_of_check, uri

TOOL, SAMPLES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
tests = []

MAIN = """#include <event2/event.h>
#include "work.h"

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	work(fd);
}

int main(void)
{
	struct event_base *base = event_base_new();
	struct event *ev = event_new(base, 0, EV_READ | EV_PERSIST, on_read, 0);

	event_add(ev, 0);
	return event_base_dispatch(base);
}
"""
WORK_H = "void work(int fd);\n"
WORK = """#include <unistd.h>
#include "work.h"

void work(int fd)
{
	sleep(1);
}
"""


def test(fn):
    tests.append(fn)
    return fn


class Project:
    """A directory with a small program, gone at the end."""

    def __init__(self, database=True, **files):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="tvt-lsp-"))
        files = files or dict(main_c=MAIN, work_h=WORK_H, work_c=WORK)
        self.entries = []
        for name, text in files.items():
            self.write(name.replace("_c", ".c").replace("_h", ".h"), text)
            if name.endswith("_c"):
                self.entries.append(name.replace("_c", ".c"))
        if database:
            self.database()

    def database(self):
        self.write("compile_commands.json", json.dumps(
            [dict(directory=self.dir, file=f, arguments=["cc", "-c", f]) for f in self.entries]))

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", newline="") as f:
            f.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *a):
        shutil.rmtree(self.dir)


def at(line, ch):
    return dict(line=line, character=ch)


def span(l, c, l2, c2):
    return dict(start=at(l, c), end=at(l2, c2))


def codes(diags):
    return sorted(d["code"] for d in findings(diags))


def apply(text, edits):
    """Edits of a code action, on ASCII text."""
    lines = text.splitlines(True) + [""]
    off = lambda p: sum(len(l) for l in lines[:p["line"]]) + p["character"]
    for e in sorted(edits, key=lambda e: -off(e["range"]["start"])):
        text = text[:off(e["range"]["start"])] + e["newText"] + text[off(e["range"]["end"]):]
    return text


@test
def same_as_check_on_samples():
    folders = [os.path.join(SAMPLES, s, v) for s in sorted(os.listdir(SAMPLES)) for v in ("before", "after")
               if os.path.exists(os.path.join(SAMPLES, s, v, "compile_commands.json"))]
    assert len(folders) >= 6
    c = Client(TOOL)
    c.initialize(folders, window=dict(workDoneProgress=True), textDocument=dict(publishDiagnostics=dict(relatedInformation=True)))
    c.wait(lambda: sum(1 for n in c.notes if n["method"] == "$/progress" and n["params"]["value"]["kind"] == "end")
           == len(folders), "the end of indexing")
    for f in folders:
        r = check(TOOL, f, f)
        want = keys_of_check(r, root_of(r, f))
        if "before" in f:
            assert want, f
        seen = lambda: sorted(key(p, d) for u, p in files(f) for d in findings(c.diags.get(u, (0, []))[1]))
        c.wait(lambda: seen() == want, "the findings of check in %s: %s, not %s" % (f, want, seen()))
    assert c.close() == 0


def files(folder):
    return [(uri(os.path.join(folder, n)), os.path.join(folder, n)) for n in os.listdir(folder) if n.endswith((".c", ".h"))]


def root_of(report, folder):
    """Names in the report are relative to the root: the nearest directory from which they can be found."""
    d = os.path.realpath(folder)
    names = [f["file"] for f in report["findings"]]
    while names and not os.path.exists(os.path.join(d, names[0])) and d != "/":
        d = os.path.dirname(d)
    return d


@test
def typing():
    with Project() as p:
        c = Client(TOOL)
        c.initialize([p.dir], textDocument=dict(publishDiagnostics=dict(relatedInformation=True)))
        u = c.open(p.path("work.c"))
        d = findings(c.published(u, lambda x: codes(x) == ["blocking-call-in-task"]))[0]
        assert d["range"] == span(5, 1, 5, 6), d
        assert d["severity"] == 2 and d["source"] == "tvt-lint"
        steps = [(r["message"], os.path.basename(r["location"]["uri"]), r["location"]["range"]["start"]["line"])
                 for r in d["relatedInformation"]]
        assert [s[1:] for s in steps] == [("main.c", 11), ("main.c", 3), ("main.c", 5), ("work.c", 5)], steps
        assert d["codeDescription"]["href"].startswith("file:///")
        # the registration, in a file that is not open
        m = c.published(uri(p.path("main.c")))
        assert [x["data"]["kind"] for x in m] == ["registration"] and m[0]["range"]["start"] == at(11, 20), m
        # a line above: the finding moves with this very version
        c.change(u, 2, dict(range=span(3, 0, 3, 0), text="\n\n"))
        c.wait(lambda: c.diags[u][0] == 2, "version 2")
        assert findings(c.diags[u][1])[0]["range"] == span(7, 1, 7, 6)
        # the call is edited: gone at once, and again once it is back
        c.change(u, 3, dict(range=span(7, 1, 7, 9), text="(void)fd;"))
        c.published(u, lambda x: not findings(x))
        c.change(u, 4, dict(range=span(7, 1, 7, 10), text="sleep(2);"))
        x = c.published(u, lambda x: findings(x))
        assert findings(x)[0]["range"] == span(7, 1, 7, 6)
        # a second one, by a whole text
        c.change(u, 5, dict(text=WORK.replace("sleep(1);", "sleep(1);\n\tfsync(fd);")))
        c.published(u, lambda x: len(findings(x)) == 2)
        # closed without saving: the file is as it was
        c.notify("textDocument/didClose", textDocument=dict(uri=u))
        x = c.published(u, lambda x: len(findings(x)) == 1 and findings(x)[0]["range"]["start"]["line"] == 5)
        assert c.close() == 0


@test
def broken_text_keeps_findings():
    with Project() as p:
        c = Client(TOOL)
        c.initialize([p.dir])
        u = c.open(p.path("work.c"))
        c.published(u, lambda x: findings(x))
        # an open brace swallows the function below; while it is typed the finding stays where it is
        c.change(u, 2, dict(range=span(2, 0, 2, 0), text="static int half(void) {\n\n"))
        c.wait(lambda: c.diags[u][0] == 2, "version 2")
        assert findings(c.diags[u][1])[0]["range"]["start"] == at(7, 1)
        # when typing stops, what is known is what the text says
        c.published(u, lambda x: not findings(x))
        c.change(u, 3, dict(range=span(3, 0, 3, 0), text="\treturn 0;\n}\n"))
        c.published(u, lambda x: findings(x) and findings(x)[0]["range"]["start"] == at(9, 1))
        assert c.close() == 0


@test
def encodings():
    text = WORK.replace("\tsleep(1);", "\t/* ä€𝄞 */ sleep(1);")
    for offered, name, ch in ((None, "utf-16", 12), (["utf-16"], "utf-16", 12), (["utf-8", "utf-16"], "utf-8", 17),
                              (["utf-32"], "utf-32", 11)):
        with Project(main_c=MAIN, work_h=WORK_H, work_c=text) as p:
            c = Client(TOOL)
            r = c.initialize([p.dir], **(dict(general=dict(positionEncodings=offered)) if offered else {}))
            assert r["capabilities"]["positionEncoding"] == name
            u = c.open(p.path("work.c"))
            x = c.published(u, lambda x: findings(x))
            assert findings(x)[0]["range"] == span(5, ch, 5, ch + 5), (name, x)
            # an edit behind the wide characters, in the same units
            c.change(u, 2, dict(range=span(5, ch, 5, ch + 5), text="usleep"))
            x = c.published(u, lambda x: findings(x) and "usleep" in findings(x)[0]["message"])
            assert findings(x)[0]["range"] == span(5, ch, 5, ch + 6), (name, x)
            assert c.close() == 0


@test
def unsaved_header():
    files = dict(main_c=MAIN, work_h=WORK_H + "#define WAIT() sleep(1)\n", work_c=WORK.replace("sleep(1)", "WAIT()"))
    with Project(**files) as p:
        c = Client(TOOL)
        c.initialize([p.dir])
        u, h = c.open(p.path("work.c")), c.open(p.path("work.h"))
        c.published(u, lambda x: findings(x))
        c.change(h, 2, dict(range=span(1, 15, 1, 23), text="(void)fd"))
        c.published(u, lambda x: not findings(x))
        c.change(h, 3, dict(text=files["work_h"]))
        c.published(u, lambda x: findings(x))
        assert c.close() == 0


@test
def pull():
    with Project() as p:
        c = Client(TOOL)
        c.initialize([p.dir], textDocument=dict(diagnostic={}))
        u = c.open(p.path("work.c"))
        # held until the project has been read, then complete
        r = c.result("textDocument/diagnostic", textDocument=dict(uri=u))
        assert r["kind"] == "full" and codes(r["items"]) == ["blocking-call-in-task"], r
        w = c.result("workspace/diagnostic", previousResultIds=[dict(uri=uri(p.path("gone.c")), value="1")])
        kinds = {os.path.basename(i["uri"]): [d["data"]["kind"] for d in i["items"]] for i in w["items"]}
        assert kinds == {"main.c": ["registration"], "gone.c": []}, kinds
        assert u not in c.diags, "pushed to a client that pulls"
        # one that is cancelled, and one that another change overtakes
        c.change(u, 2, dict(text=WORK.replace("sleep(1);", "")))
        a = c.start("textDocument/diagnostic", textDocument=dict(uri=u))
        c.notify("$/cancelRequest", id=a)
        assert c.answer(a)["error"]["code"] == -32800
        c.change(u, 3, dict(text=WORK))
        a = c.start("textDocument/diagnostic", textDocument=dict(uri=u))
        c.change(u, 4, dict(text=WORK.replace("sleep(1);", "")))
        assert c.answer(a)["error"]["code"] == -32801
        assert not findings(c.result("textDocument/diagnostic", textDocument=dict(uri=u))["items"])
        assert c.close() == 0


@test
def actions():
    unused = WORK.replace("\tsleep(1);", "\tsleep(1);\n\t// tvt: allow(blocking-call-in-task) it does not\n\t(void)fd;")
    with Project(main_c=MAIN, work_h=WORK_H, work_c=unused) as p:
        c = Client(TOOL)
        c.initialize([p.dir])
        u = c.open(p.path("work.c"))
        x = c.published(u, lambda x: findings(x))
        un = [d for d in x if d["data"]["kind"] == "unused"]
        assert len(un) == 1 and un[0]["tags"] == [1] and un[0]["range"]["start"] == at(6, 1), x
        acts = c.result("textDocument/codeAction", textDocument=dict(uri=u), range=un[0]["range"], context=dict(diagnostics=[]))
        text = apply(unused, acts[0]["edit"]["changes"][u])
        assert text == unused.replace("\t// tvt: allow(blocking-call-in-task) it does not\n", ""), text
        where = findings(x)[0]["range"]
        acts = c.result("textDocument/codeAction", textDocument=dict(uri=u), range=where, context=dict(diagnostics=[]))
        kinds = [a["kind"] for a in acts]
        assert kinds[0] == "quickfix" and "refactor.rewrite" in kinds, kinds
        text = apply(unused, acts[0]["edit"]["changes"][u])
        c.change(u, 2, dict(text=text))
        c.published(u, lambda x: not findings(x) and [d for d in x if d["data"]["kind"] == "unused"])
        # the skeleton stands before the function and is C
        skeleton = apply(unused, acts[kinds.index("refactor.rewrite")]["edit"]["changes"][u])
        assert "#include \"work.h\"\n\nstruct sleep_work" in skeleton, skeleton
        assert "void work(int fd)" in skeleton
        c.close()


LOCKED = """#include <pthread.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
struct stats { pthread_mutex_t lock; long n; };
static struct stats all = {PTHREAD_MUTEX_INITIALIZER, 0};
static int full, hits;
static void *take(void *arg)
{
	pthread_mutex_lock(&lock);
	if (!full)
		pthread_cond_wait(&more, &lock);
	full = 0;
	hits++;
	pthread_mutex_unlock(&lock);
	pthread_mutex_lock(&all.lock);
	all.n++;
	pthread_mutex_unlock(&all.lock);
	return arg;
}
int main(void)
{
	pthread_t a, b;
	pthread_create(&a, 0, take, 0);
	pthread_create(&b, 0, take, 0);
	pthread_join(a, 0);
	pthread_join(b, 0);
	return 0;
}
"""


@test
def mended_by_an_edit():
    with Project(locked_c=LOCKED) as p:
        c = Client(TOOL)
        c.initialize([p.dir])
        u = c.open(p.path("locked.c"))
        x = c.published(u, lambda x: "condition-wait-without-loop" in codes(x))
        where = [d for d in x if d["code"] == "condition-wait-without-loop"][0]["range"]
        ask = lambda: [a for a in c.result("textDocument/codeAction", textDocument=dict(uri=u), range=where,
                                           context=dict(diagnostics=[])) if a.get("isPreferred")]
        acts = ask()
        assert len(acts) == 1 and acts[0]["title"] == "tvt-lint: look again when the wait returns", acts
        text = apply(LOCKED, acts[0]["edit"]["changes"][u])
        assert text == LOCKED.replace("if (!full)", "while (!full)"), text
        # an edit is made for the text that was analysed, and for no other
        c.change(u, 2, dict(text=LOCKED.replace("full = 0;", "full = 1;")))
        assert ask() == []
        c.change(u, 3, dict(text=text))
        c.published(u, lambda x: "condition-wait-without-loop" not in codes(x))
        c.close()


@test
def locks_and_what_they_guard():
    with Project(locked_c=LOCKED) as p:
        c = Client(TOOL)
        c.initialize([p.dir], textDocument=dict(hover=dict(contentFormat=["markdown"])))
        u = c.open(p.path("locked.c"))
        c.published(u, lambda x: "condition-wait-without-loop" in codes(x))
        i = c.result("textDocument/inlayHint", textDocument=dict(uri=u), range=span(0, 0, 99, 0))
        labels = {(h["position"]["line"], h["label"]) for h in i if h["label"].startswith("guarded")}
        assert (5, "guarded by lock") in labels and (15, "guarded by all.lock") in labels, i
        for at_ in (at(12, 3), at(5, 18)):
            h = c.result("textDocument/hover", textDocument=dict(uri=u), position=at_)
            assert "`hits` is guarded by `lock`" in h["contents"]["value"], h
        h = c.result("textDocument/hover", textDocument=dict(uri=u), position=at(15, 5))
        assert "`all.n` is guarded by `all.lock`" in h["contents"]["value"], h
        c.close()


@test
def baseline():
    with Project() as p:
        subprocess.run([TOOL, "baseline", "create", "-q"], check=True, cwd=p.dir)
        c = Client(TOOL)
        c.initialize([p.dir])
        u, m = c.open(p.path("work.c")), c.open(p.path("main.c"))
        c.result("textDocument/codeLens", textDocument=dict(uri=m))
        c.published(u, lambda x: True)
        x = c.published(u, lambda x: True)
        assert not findings(x), x
        more = WORK.replace("sleep(1);", "sleep(1);\n\tusleep(5000);")
        c.change(u, 2, dict(text=more))
        x = c.published(u, lambda x: findings(x))
        assert len(findings(x)) == 1 and "usleep" in findings(x)[0]["message"], x
        os.remove(os.path.join(p.dir, ".tvt", "baseline.tsv"))
        c.notify("workspace/didChangeWatchedFiles", changes=[dict(uri=uri(p.path(".tvt/baseline.tsv")), type=3)])
        c.published(u, lambda x: len(findings(x)) == 2)
        c.close()


@test
def hover_lens_hint_calls():
    with Project() as p:
        c = Client(TOOL)
        c.initialize([p.dir], textDocument=dict(hover=dict(contentFormat=["markdown"])))
        u, m = c.open(p.path("work.c")), c.open(p.path("main.c"))
        c.published(u, lambda x: findings(x))
        h = c.result("textDocument/hover", textDocument=dict(uri=u), position=at(5, 2))
        assert h["range"] == span(5, 1, 5, 6) and "What it finds" in h["contents"]["value"], h
        assert "1. work: " in h["contents"]["value"]
        assert c.result("textDocument/hover", textDocument=dict(uri=u), position=at(0, 0)) is None
        l = c.result("textDocument/codeLens", textDocument=dict(uri=m))
        assert [(x["range"]["start"]["line"], x["command"]["title"]) for x in l] == \
            [(3, "task on the libevent loop: 1 blocking path")], l
        why = c.result("workspace/executeCommand", command=l[0]["command"]["command"], arguments=l[0]["command"]["arguments"])
        assert "sleep" in why and "work" in why, why
        i = c.result("textDocument/inlayHint", textDocument=dict(uri=m), range=span(0, 0, 99, 0))
        assert [(x["label"], x["position"]) for x in i] == [("task on the libevent loop", at(3, 12))], i
        i = c.result("textDocument/inlayHint", textDocument=dict(uri=u), range=span(0, 0, 99, 0))
        assert len(i) == 1 and i[0]["position"] == at(5, 1), i
        item = c.result("textDocument/prepareCallHierarchy", textDocument=dict(uri=u), position=at(3, 6))[0]
        assert item["name"] == "work"
        up = c.result("callHierarchy/incomingCalls", item=item)
        assert [(x["from"]["name"], x["fromRanges"]) for x in up] == [("on_read", [span(5, 1, 5, 5)])], up
        down = c.result("callHierarchy/outgoingCalls", item=item)
        assert [x["to"]["name"] for x in down] == ["sleep"], down
        assert "error" in c.request("workspace/executeCommand", command="tvt-lint.nothing")
        assert c.close() == 0


@test
def without_entry_and_without_database():
    alone = WORK.replace('#include "work.h"\n', "") + MAIN.replace('#include "work.h"\n', "")
    with Project(database=False, all_c=alone) as p:
        c = Client(TOOL)
        c.initialize([])
        u = c.open(p.path("all.c"))
        c.published(u, lambda x: findings(x))
        assert c.close() == 0
    with Project() as p:
        p.write("new.c", alone.replace("work(", "other(").replace("on_read", "on_more").replace("main(", "go("))
        c = Client(TOOL)
        c.initialize([p.dir])
        c.published(uri(p.path("work.c")), lambda x: findings(x))
        u = c.open(p.path("new.c"))
        c.published(u, lambda x: findings(x))
        assert c.close() == 0


@test
def files_on_disk():
    with Project() as p:
        c = Client(TOOL)
        c.initialize([p.dir], workspace=dict(didChangeWatchedFiles=dict(dynamicRegistration=True)))
        u = uri(p.path("work.c"))
        c.published(u, lambda x: findings(x))
        assert any(n["method"] == "client/registerCapability" for n in c.notes)
        told = lambda name: c.notify("workspace/didChangeWatchedFiles", changes=[dict(uri=uri(p.path(name)), type=2)])
        p.write("work.c", WORK.replace("sleep(1);", ""))
        told("work.c")
        c.published(u, lambda x: not findings(x))
        # a function's meaning, by a model of the project
        p.write("work.c", WORK.replace("sleep(1);", "slow(fd);").replace("void work", "void slow(int fd);\n\nvoid work"))
        told("work.c")
        os.makedirs(p.path(".tvt"), exist_ok=True)
        p.write(".tvt/own.model", "library own\n\nslow(fd)   blocks disk\n")
        told(".tvt/own.model")
        c.published(u, lambda x: findings(x) and "slow" in findings(x)[0]["message"])
        # the database loses the file
        p.entries = ["main.c"]
        p.database()
        told("compile_commands.json")
        c.published(u, lambda x: not x)
        assert c.close() == 0


@test
def deleted_while_open():
    with Project() as p:
        c = Client(TOOL)
        c.initialize([p.dir])
        u = c.open(p.path("work.c"))
        c.published(u, lambda x: findings(x))
        os.unlink(p.path("work.c"))
        c.notify("workspace/didChangeWatchedFiles", changes=[dict(uri=u, type=3)])
        c.change(u, 2, dict(range=span(5, 10, 5, 10), text="\n\tfsync(fd);"))
        c.published(u, lambda x: len(findings(x)) == 2)
        c.notify("textDocument/didClose", textDocument=dict(uri=u))
        c.published(u, lambda x: [d["data"]["kind"] for d in x] == ["failed"])
        assert c.close() == 0


@test
def folders():
    with Project() as p, Project() as q:
        c = Client(TOOL)
        c.initialize([p.dir])
        c.published(uri(p.path("work.c")), lambda x: findings(x))
        c.notify("workspace/didChangeWorkspaceFolders", event=dict(added=[dict(uri=uri(q.dir), name="q")], removed=[]))
        c.published(uri(q.path("work.c")), lambda x: findings(x))
        c.notify("workspace/didChangeWorkspaceFolders", event=dict(added=[], removed=[dict(uri=uri(p.dir), name="p")]))
        c.published(uri(p.path("work.c")), lambda x: not x)
        assert findings(c.diags[uri(q.path("work.c"))][1])
        assert c.close() == 0


@test
def wrong_messages():
    c = Client(TOOL)
    assert c.request("textDocument/hover")["error"]["code"] == -32002, "before initialize"
    c.initialize([])
    error = lambda: c.answer(None)["error"]["code"]
    assert c.request("no/such/method")["error"]["code"] == -32601
    c.notify("no/such/notification")
    assert c.request("textDocument/hover", textDocument=dict(uri="file:///not/open.c"))["error"]["code"] == -32602
    assert c.request("textDocument/hover")["error"]["code"] == -32602
    assert c.request("initialize")["error"]["code"] == -32600
    for body, code in ((b"{", -32700), (b"[1]", -32600), (b"{}", -32600), (b"\xff\xfe{}", -32700), (b"[" * 100000, -32700),
                       (b'{"id":{},"method":"x"}', -32600), (b"", -32700), (b'{"jsonrpc":"2.0","id":1', -32700)):
        c.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert error() == code, body[:40]
    # a length that is too short, one that is too long, one that is none, and what is no header
    probe = lambda: c.request("no/such/method")["error"]["code"] == -32601
    body = b'{"jsonrpc":"2.0","id":"s","method":"no/such"}'
    c.raw(b"Content-Length: 10\r\n\r\n" + body)
    assert error() == -32700
    assert probe()
    c.answers.clear()
    c.raw(b"Content-Length: %d\r\n\r\n" % (len(body) + 20) + body)
    assert probe()
    c.answers.clear()
    c.raw(b"Content-Length: many\r\n\r\n" + body)
    assert probe()
    c.answers.clear()
    c.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"\0\1\2" * 1000)
    assert probe()
    c.answers.clear()
    # one that is refused for its size is skipped, not kept
    n = (128 << 20) + 1
    c.raw(b"Content-Length: %d\r\n\r\n" % n)
    for _ in range(0, n - 1, 1 << 20):
        c.raw(b" " * (1 << 20))
    c.raw(b" ")
    assert error() == -32700
    assert probe()
    # documents that are opened twice, changed or closed without being open
    c.notify("textDocument/didOpen", textDocument=dict(uri="untitled:1", languageId="c", version=1, text=""))
    c.notify("textDocument/didChange", textDocument=dict(uri="file:///x.c", version=1), contentChanges=[dict(text="")])
    c.notify("textDocument/didClose", textDocument=dict(uri="file:///x.c"))
    c.notify("textDocument/didOpen")
    c.notify("$/cancelRequest", id=99)
    c.send(dict(id=77, result=None))
    assert probe()
    c.result("shutdown")
    assert c.request("textDocument/hover")["error"]["code"] == -32600, "after shutdown"
    c.notify("exit")
    assert c.p.wait(20) == 0


@test
def changes_out_of_range():
    with Project() as p:
        c = Client(TOOL)
        c.initialize([p.dir])
        u = c.open(p.path("work.c"))
        c.published(u, lambda x: findings(x))
        c.change(u, 2, dict(range=span(900, 5, 1000, 7), text="\n/* end */\n"))
        c.change(u, 3, dict(range=span(3, 500, 3, 600), text=" /* x */"))
        c.change(u, 4, dict(range=span(5, 3, 2, 0), text=""))
        c.change(u, 5, dict(range=dict(start=at(-1, 0), end=at(0, 0))), dict(text=None), dict())
        c.change(u, 6, dict(text=WORK))
        c.published(u, lambda x: findings(x) and findings(x)[0]["range"] == span(5, 1, 5, 6))
        assert c.close() == 0


@test
def worker_dies():
    with Project() as p:
        c = Client(TOOL)
        c.initialize([p.dir])
        u = c.open(p.path("work.c"))
        c.published(u, lambda x: findings(x))
        c.change(u, 2, dict(range=span(5, 10, 5, 10), text="\n\tfsync(fd);"))
        c.published(u, lambda x: len(findings(x)) == 2)
        kids = [int(k) for k in open("/proc/%d/task/%d/children" % (c.p.pid, c.p.pid)).read().split()]
        assert kids, "no worker is kept"
        for k in kids:
            os.kill(k, 9)
        time.sleep(0.2)
        c.change(u, 3, dict(range=span(5, 0, 5, 0), text="\tsync();\n"))
        c.published(u, lambda x: len(findings(x)) == 3)
        assert c.close() == 0


@test
def ends():
    for how, want in (("exit", 1), ("eof", 1)):
        c = Client(TOOL)
        c.initialize([])
        c.notify("exit") if how == "exit" else c.p.stdin.close()
        assert c.p.wait(20) == want, how
    # the process that the client said it is
    parent = os.fork()
    if parent == 0:
        time.sleep(600)
        os._exit(0)
    c = Client(TOOL)
    c.result("initialize", processId=parent, rootUri=None, capabilities={})
    os.kill(parent, 9)
    os.waitpid(parent, 0)
    assert c.p.wait(20) == 1


def main():
    bad = 0
    for t in tests:
        if len(sys.argv) > 3 and t.__name__ not in sys.argv[3:]:
            continue
        start = time.time()
        try:
            t()
            print("ok   %-36s %5.1f s" % (t.__name__, time.time() - start), flush=True)
        except Exception:
            traceback.print_exc()
            print("FAIL %s" % t.__name__, flush=True)
            bad += 1
    return bad


sys.exit(1 if main() else 0)
