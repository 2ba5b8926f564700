;;; tvt-lint.el --- blocking calls and races in C, by eglot  -*- lexical-binding: t -*-

;;; Code:
(require 'eglot)
(require 'project)

(defvar tvt-lint-command '("tvt-lint" "lsp")
  "The language server and its arguments.")

(defun tvt-lint-project (dir)
  "The project of DIR for eglot: where compile_commands.json is, or nil."
  (let ((root (or (locate-dominating-file dir "compile_commands.json")
                  (locate-dominating-file dir "build/compile_commands.json"))))
    (and root (cons 'transient (expand-file-name root)))))

(defclass tvt-lint-server (eglot-lsp-server) ()
  :documentation "tvt-lint: its commands answer with a text.")

(defun tvt-lint--show (text)
  "Show TEXT, the answer of a command."
  (with-current-buffer (get-buffer-create "*tvt-lint*")
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text)
      (goto-char (point-min))
      (special-mode))
    (display-buffer (current-buffer))))

(cl-defmethod eglot-execute-command ((server tvt-lint-server) command arguments)
  "Run COMMAND with ARGUMENTS on SERVER and show what it says."
  (let ((text (jsonrpc-request server :workspace/executeCommand
                               (list :command (format "%s" command) :arguments arguments))))
    (when (stringp text) (tvt-lint--show text))))

(defun tvt-lint-why ()
  "Tell why the function at point runs where it runs, and what it waits for."
  (interactive)
  (eglot-execute-command (eglot-current-server) "tvt-lint.why"
                         (vector (plist-get (eglot--TextDocumentIdentifier) :uri) (eglot--pos-to-lsp-position))))

(defun tvt-lint-ensure ()
  "Start tvt-lint in this buffer, or use the one that runs for its project."
  (interactive)
  (setq-local eglot-server-programs (list (cons 'c-mode (cons 'tvt-lint-server tvt-lint-command))))
  (add-hook 'project-find-functions #'tvt-lint-project)
  (eglot-ensure))

(provide 'tvt-lint)
;;; tvt-lint.el ends here
