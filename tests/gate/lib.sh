# shellcheck shell=bash disable=SC2154
# lib.sh - sourced by the tests of this folder, with here= set: a tool, a place to work in, and a small project.
set -u
tool=$(realpath -e "${1:?usage: run TVT-LINT}") || exit 2
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state TVT_LINT_DATA=$top/rules GIT_CONFIG_GLOBAL=/dev/null
unset NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE CI GIT_DIR
passed=0 failed=0

ok() { # ok NAME CONDITION...
	local name=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED  $name: $*"
		head -c 2000 "$work/out" "$work/err" 2>/dev/null
	fi
}
run() { # run ARGS...: fills out, err and status
	"$tool" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}
is() { [ "$1" = "$2" ]; }
has() { grep -qF -- "$2" "$work/$1"; }
lacks() { ! grep -qF -- "$2" "$work/$1"; }
git() { command git -c user.name=t -c user.email=t@t -c init.defaultBranch=main -c commit.gpgsign=false "$@"; }
commit() { git add -A && git commit -qm "$1"; }
concise() { run check -q --format concise "$@"; }

# A project with sources in src/, generated headers in build/, and a loop in src/main.c. On main nothing in a callback
# blocks; src/store.c sleeps, but only before the loop runs.
project() { # project DIR
	rm -rf "$1"
	mkdir -p "$1/src" "$1/build"
	cd "$1" || exit 1
	echo 'build/' >.gitignore
	echo '#define INTERVAL 1000' >build/config.h
	cat >src/store.h <<-'C'
		void store_flush(void);
		void store_open(void);
	C
	cat >src/store.c <<-'C'
		#include "store.h"
		#include <unistd.h>

		static void settle(void)
		{
			sleep(1);
		}

		void store_flush(void)
		{
			settle();
		}

		void store_open(void)
		{
			settle();
		}
	C
	cat >src/main.c <<-'C'
		#include "config.h"
		#include "store.h"
		#include <uv.h>

		static void on_timer(uv_timer_t *t)
		{
			(void)t;
		}

		int main(void)
		{
			uv_timer_t t;

			store_open();
			uv_timer_init(uv_default_loop(), &t);
			uv_timer_start(&t, on_timer, INTERVAL, INTERVAL);
			return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
		}
	C
	database src/main.c src/store.c
	git init -q && commit "a timer"
}
database() { # database FILE...: relative -I on purpose, commands run in build/
	local sep=
	{
		echo '['
		for file; do
			echo "$sep{\"directory\": \"$PWD/build\", \"file\": \"../$file\", \"arguments\": [\"cc\", \"-I.\", \"-I../src\", \"-c\", \"../$file\"]}"
			sep=,
		done
		echo ']'
	} >build/compile_commands.json
}
finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}
