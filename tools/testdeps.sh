#!/bin/sh
# Installs what the test suite needs and this machine lacks: a C compiler for the race detector, PostgreSQL, Redis, nginx,
# SoftHSM2, Prometheus' promtool, systemd-analyze, git, Chromium and Node.js. It uses apt as root or through sudo without a password;
# elsewhere it names what to install. With npm it installs the AsyncAPI parser into tools/asyncapi. A test whose server or program
# is missing skips, or fails under MENJIN_TEST_REQUIRE=all.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

has_softhsm() {
	for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib*/*/softhsm/libsofthsm2.so; do
		[ -e "$module" ] && return
	done
	return 1
}

has_postgresql() {
	has initdb && has postgres && return
	for program in /usr/lib/postgresql/*/bin/postgres; do
		[ -x "$program" ] && return
	done
	return 1
}

missing() {
	has cc || has gcc || has clang || echo gcc libc6-dev
	has_postgresql || echo postgresql
	has redis-server || has valkey-server || echo redis-server
	has nginx || [ -x /usr/sbin/nginx ] || echo nginx
	has_softhsm || echo softhsm2
	has systemd-analyze || echo systemd
	has promtool || echo promtool
	has git || echo git
	has chromium || has chromium-browser || has google-chrome || echo chromium
	has node || echo nodejs
	has npm || echo npm
}

# install_parser does nothing when what the lock file names is installed already.
install_parser() {
	has npm || return 0
	folder=$(dirname "$0")/asyncapi
	if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed"; then
		echo "testdeps: installing the AsyncAPI parser"
		{ (cd "$folder" && npm ci --silent) && cp "$folder/package-lock.json" "$folder/node_modules/.installed"; } ||
			echo "testdeps: could not install the AsyncAPI parser; its test is skipped"
	fi
}

apt() {
	if [ "$(id -u)" = 0 ]; then
		DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
	else
		sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
	fi
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# install_promtool takes the one program out of its package: to install that would set up a Prometheus that runs.
install_promtool() (
	folder=$(mktemp -d)
	trap 'rm -rf "$folder"' EXIT
	cd "$folder" && chmod 755 . && apt download prometheus && dpkg-deb -x prometheus_*.deb . &&
		as_root install -m 755 usr/bin/promtool /usr/local/bin/promtool
)

install() {
	if [ "$1" = promtool ]; then install_promtool; else apt install -y --no-install-recommends "$1"; fi
}

may_install() { has apt-get && { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }; }

packages=$(missing | tr '\n' ' ')
[ -n "$packages" ] || { install_parser; exit 0; }

if may_install; then
	echo "testdeps: installing $packages"
	apt update || echo "testdeps: apt-get update failed; trying with the lists at hand"
	# One by one, so that a package this system does not have keeps no other from being installed.
	for package in $packages; do
		install "$package" >/dev/null </dev/null || echo "testdeps: could not install $package"
	done
	packages=$(missing | tr '\n' ' ')
fi
install_parser
[ -n "$packages" ] || exit 0
echo "testdeps: not installed, so their tests are skipped: $packages"
case $packages in *gcc*) echo "testdeps: the race detector needs a C compiler: install gcc" >&2; exit 1 ;; esac
