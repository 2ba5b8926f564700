#!/usr/bin/env python3
"""editors.py TOOL SAMPLES [BUILD ROOT] - Neovim, Emacs and Vim without a screen, with the configurations of
analyzer/lsp/editors: do they show what `check` finds? In the samples, or in the project ROOT with its database in BUILD.
Exit status 77 if none of the editors is here."""
import json, os, shutil, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(__file__))
from client import check, keys_of_check
TOOL, SAMPLES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
HERE = os.path.dirname(os.path.abspath(__file__))
CONF = os.path.join(HERE, "..", "..", "analyzer", "lsp", "editors")
LIMIT = int(os.environ.get("TVT_LSP_LIMIT", "120"))

NVIM = """
vim.opt.runtimepath:append({conf})
local want, seen = {n}, 0
for _, f in ipairs({files}) do vim.cmd("badd " .. vim.fn.fnameescape(f)) end
require("tvt_lint").setup({{ cmd = {cmd} }})
local function all()
	local out = {{}}
	for _, d in ipairs(vim.diagnostic.get(nil)) do
		local raw = d.user_data and d.user_data.lsp or {{}}
		if d.severity < 4 then
			table.insert(out, {{ vim.api.nvim_buf_get_name(d.bufnr), d.lnum + 1, d.col + 1, d.code or raw.code, d.message }})
		end
	end
	return out
end
for _, f in ipairs({files}) do vim.cmd("edit " .. vim.fn.fnameescape(f)) end
vim.wait({limit} * 1000, function() return #all() >= want end, 100)
vim.wait(1500)
local f = io.open({out}, "w")
f:write(vim.fn.json_encode(all()))
f:close()
vim.cmd("qall!")
"""

EMACS = """
(load {conf})
(setq tvt-lint-command '{cmd} eglot-sync-connect 60 eglot-connect-timeout 60 vc-follow-symlinks t)
(defvar bufs (mapcar #'find-file-noselect '{files}))
(defun raw ()
  (let (out)
    (dolist (b bufs out)
      (with-current-buffer b
        (dolist (d (flymake-diagnostics))
          (let* ((lsp (alist-get 'eglot-lsp-diag (flymake-diagnostic-data d))) (p (flymake-diagnostic-beg d)))
            (when (< (plist-get lsp :severity) 4)
              (push (vector (buffer-file-name)
                          (line-number-at-pos p t)
                          (1+ (- p (save-excursion (goto-char p) (line-beginning-position))))
                          (plist-get lsp :code) (plist-get lsp :message))
                    out))))))))
(dolist (b bufs)
  (with-current-buffer b
    (c-mode)
    (setq-local eglot-server-programs (list (cons 'c-mode (cons 'tvt-lint-server tvt-lint-command))))
    (add-hook 'project-find-functions #'tvt-lint-project)
    (if (eglot-current-server) (eglot--maybe-activate-editing-mode)
      (apply #'eglot (eglot--guess-contact)))
    (flymake-start)))
(let ((end (+ (float-time) {limit})))
  (while (and (< (float-time) end) (< (length (raw)) {n})) (accept-process-output nil 0.2)))
(accept-process-output nil 1.5)
(with-temp-file {out} (insert (json-encode (vconcat (raw)))))
(kill-emacs 0)
"""

VIM = """
set nocompatible
let &runtimepath .= ',' . {conf}
let g:ale_linters = {{'c': ['tvt_lint']}}
let g:ale_linters_explicit = 1
let g:ale_c_tvt_lint_executable = {tool}
let g:ale_c_tvt_lint_options = {options}
let g:ale_lint_delay = 10
packadd ale
filetype plugin on
set hidden
let s:files = {files}
function! All() abort
  let out = []
  for f in s:files
    for d in get(get(g:, 'ale_buffer_info', {{}}), bufnr(f), {{'loclist': []}}).loclist
      if get(d, 'linter_name', '') is# 'tvt_lint' && d.text !~# 'findings\\? below it$'
        call add(out, [fnamemodify(f, ':p'), d.lnum, d.col, get(d, 'code', ''), d.text])
      endif
    endfor
  endfor
  return out
endfunction
let s:end = localtime() + {limit}
let s:after = 0
function! Look(timer) abort
  if len(All()) >= {n} || localtime() > s:end
    let s:after += 1
    if s:after > 8
      call writefile([json_encode(All())], {out})
      qall!
    endif
  endif
endfunction
for s:f in s:files
  execute 'edit' fnameescape(s:f)
  call ale#Queue(0, 'lint_file')
endfor
call timer_start(200, 'Look', {{'repeat': -1}})
"""


def lua(v):
    if isinstance(v, list):
        return "{ " + ", ".join(map(lua, v)) + " }"
    return json.dumps(v)


def lisp(v):
    if isinstance(v, list):
        return "(" + " ".join(map(lisp, v)) + ")"
    return json.dumps(v)


def run(name, text, values, argv, work):
    script = os.path.join(work, name)
    out = os.path.join(work, name + ".json")
    with open(script, "w") as f:
        f.write(text.format(out=values.pop("quote")(out), limit=LIMIT, **values))
    p = subprocess.run([a.replace("SCRIPT", script) for a in argv], stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=LIMIT + 60, env=dict(os.environ, TERM="xterm", HOME=work, XDG_CONFIG_HOME=work))
    if not os.path.exists(out):
        print((p.stdout + p.stderr).decode(errors="replace")[-3000:])
        return None
    return sorted((os.path.realpath(f), l, c, str(code), m) for f, l, c, code, m in json.load(open(out)))


def quote_vim(v):
    return "[" + ", ".join(map(quote_vim, v)) + "]" if isinstance(v, list) else "'" + v.replace("'", "''") + "'"


def nvim(files, n, args, work):
    v = dict(conf=lua(os.path.join(CONF, "neovim")), n=n, files=lua(files), cmd=lua([TOOL, "lsp"] + args), quote=lua)
    return run("t.lua", NVIM, v, ["nvim", "--headless", "-u", "NONE", "-n", "-c", "filetype on", "-c", "luafile SCRIPT"], work)


def emacs(files, n, args, work):
    v = dict(conf=lisp(os.path.join(CONF, "emacs", "tvt-lint.el")), n=n, files=lisp(files), cmd=lisp([TOOL, "lsp"] + args),
             quote=lisp)
    return run("t.el", EMACS, v, ["emacs", "-q", "--batch", "-l", "SCRIPT"], work)


def vim(files, n, args, work):
    v = dict(conf=quote_vim(os.path.join(CONF, "vim")), n=n, files=quote_vim(files), tool=quote_vim(TOOL),
             options=quote_vim(" ".join(args)), quote=quote_vim)
    return run("t.vim", VIM, v, ["script", "-qec", "vim -u SCRIPT -i NONE -n", "/dev/null"], work)


def here(editor):
    if editor is emacs:
        return shutil.which("emacs") and os.path.isdir("/usr/share/emacs/site-lisp/elpa-src/eglot-1.9")
    if editor is vim:
        return shutil.which("vim") and shutil.which("script") and os.path.isdir(
            "/usr/share/vim/vimfiles/pack/dist-bundle/opt/ale")
    return shutil.which("nvim")


def root_of(report, folder):
    d = os.path.realpath(folder)
    names = [f["file"] for f in report["findings"]]
    while names and not os.path.exists(os.path.join(d, names[0])) and d != "/":
        d = os.path.dirname(d)
    return d


def main():
    if len(sys.argv) > 4:
        projects = [(os.path.abspath(sys.argv[3]), os.path.abspath(sys.argv[4]), ["-p", os.path.abspath(sys.argv[3])])]
    else:
        projects = [(d, d, []) for s in sorted(os.listdir(SAMPLES)) for d in [os.path.join(SAMPLES, s, "before")]
                    if os.path.exists(os.path.join(d, "compile_commands.json"))]
    only = os.environ.get("TVT_LSP_EDITOR")
    editors = [e for e in (nvim, emacs, vim) if here(e) and only in (None, e.__name__)]
    if not editors:
        return 77
    bad = 0
    for build, root, args in projects:
        report = check(TOOL, build, root)
        want = keys_of_check(report, root_of(report, root))
        files = sorted({k[0] for k in want})
        for e in editors:
            start = time.time()
            with tempfile.TemporaryDirectory() as work:
                got = e(files, len(want), args, work)
            ok = got == want
            bad += not ok
            print("%s %-6s %-40s %d findings, %.1f s" % ("ok  " if ok else "FAIL", e.__name__, os.path.relpath(root, SAMPLES)[-40:],
                                                         len(want), time.time() - start), flush=True)
            if not ok:
                for k in (set(want) ^ set(got or [])):
                    print("  only in %s: %s" % ("check" if k in want else "the editor", k))
    return 1 if bad else 0


sys.exit(main())
