#!/bin/sh
# Makes the secrets of compose.yaml in the folder secrets, each once: what is there stays. WeChat's AppSecret and the certificate
# are yours to put there, and the master key is made by Menjin itself; the end of the output says what is missing.
set -eu
cd "$(dirname "$0")"

# The folder keeps everybody else out. The files in it are readable, since each container reads them as a user of its own.
mkdir -p secrets
chmod 700 secrets
umask 022

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# keep NAME writes its standard input to a secret that does not exist yet.
keep() {
	if [ -s "secrets/$1" ]; then
		cat >/dev/null
		return
	fi
	cat >"secrets/$1"
	echo "made secrets/$1"
}

random | keep postgres_password
random | keep grafana_password
printf 'postgres://menjin:%s@postgres:5432/menjin?sslmode=disable' "$(cat secrets/postgres_password)" | keep database_url

# Redis and NATS are told the same password as Menjin, so these are made in pairs.
if ! [ -s secrets/sessions_url ] || ! [ -s secrets/redis_users ]; then
	password=$(random)
	rm -f secrets/sessions_url secrets/redis_users
	printf 'redis://menjin:%s@redis:6379/0' "$password" | keep sessions_url
	printf 'user default off\nuser menjin on >%s ~* &* +@all -@admin\n' "$password" | keep redis_users
fi
if ! [ -s secrets/events_url ] || ! [ -s secrets/nats_users ]; then
	password=$(random)
	rm -f secrets/events_url secrets/nats_users
	printf 'nats://menjin:%s@nats:4222' "$password" | keep events_url
	printf 'users: [{user: menjin, password: "%s"}]\n' "$password" | keep nats_users
fi

for name in wechat_app_secret vault_keyset tls_certificate tls_key; do
	[ -s "secrets/$name" ] || echo "missing secrets/$name" >&2
done
