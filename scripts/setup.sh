# shellcheck shell=sh disable=SC2154
# setup.sh - sourced by the scripts beside it: installs what is missing, runs steps quietly.
# Needs: root (of the sources), name (of the script).

fail() {
	echo "$name: $*" >&2
	exit 2
}

# packages_for KIND...: the packages of these kinds (build, test).
packages_for() {
	for kind; do
		awk -v kind="$kind" '$1 !~ /^#/ && $2 == kind { print $1 }' "$root/scripts/packages"
	done
}

is_debian_12() {
	[ -r /etc/os-release ] && (. /etc/os-release && [ "$ID" = debian ] && [ "$VERSION_ID" = 12 ])
}

# install PACKAGE...: as root or with sudo; the lists of packages are fetched only if they are missing or old.
install() {
	sudo=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || fail "install these first, as root: apt-get install $*"
		sudo=sudo
	fi
	echo "$name: installing $*" >&2
	apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600"
	log=$(mktemp) || exit 2
	if ! $apt install --no-install-recommends "$@" >"$log" 2>&1; then
		if ! { $apt update && $apt install --no-install-recommends "$@"; } >"$log" 2>&1; then
			cat "$log" >&2
			rm -f "$log"
			fail "cannot install: $*"
		fi
	fi
	rm -f "$log"
}

# need KIND...: what these kinds of work need is there afterwards. Elsewhere than on Debian 12 nothing is installed:
# names differ, so what is looked for is the thing itself.
need() {
	if is_debian_12; then
		# shellcheck disable=SC2046 # one word a package
		missing=$(
			dpkg-query -W -f '${Package} ${db:Status-Status}\n' $(packages_for "$@") 2>/dev/null |
				awk -v all="$(packages_for "$@" | tr '\n' ' ')" '
					$2 == "installed" { have[$1] = 1 }
					END { n = split(all, p, " "); for (i = 1; i <= n; i++) if (!have[p[i]]) print p[i] }'
		)
		# shellcheck disable=SC2086
		[ -z "$missing" ] || install $missing
		return
	fi
	missing=
	for tool in cmake ninja cc pkg-config; do
		command -v $tool >/dev/null || missing="$missing $tool"
	done
	for module in libdw libelf libxxhash yajl yaml-0.1 sqlite3; do
		pkg-config --exists $module 2>/dev/null || missing="$missing $module"
	done
	[ -e /usr/lib/llvm-19/include/clang-c/Index.h ] || missing="$missing libclang-19"
	[ -z "$missing" ] || {
		echo "$name: this is not Debian 12, so nothing is installed. Not found here:$missing" >&2
		fail "needed, by their names on Debian 12: $(packages_for "$@" | tr '\n' ' ')"
	}
}

# quietly LOG COMMAND...: the output is shown only if the command fails, which it then says.
quietly() {
	log=$1
	shift
	"$@" >"$log" 2>&1 || {
		tail -n 100 "$log" >&2
		return 1
	}
}
