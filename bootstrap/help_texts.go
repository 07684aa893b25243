package bootstrap

// help is what the page of a command says beyond its one line.
type help struct{ long, example string }

// helpTexts are by the path of the command.
var helpTexts = map[string]help{
	"menjin": {example: `  menjin                                       serve, everything embedded
  menjin --config /etc/menjin.yaml             serve as the file says
  MENJIN_ENV=prod menjin config check          see whether production could start
  menjin demo                                  play a mini-program against the service`},
	"menjin serve": {
		long: `Serves the API until SIGINT or SIGTERM: then it is not ready any more, requests in flight finish (15 seconds at most), the relay
stops after the last event that was acknowledged. A second signal ends it at once. The schema is brought up to date first; of
several replicas started together, one does it and the others wait.`,
		example: `  menjin serve
  MENJIN_HTTP_ADDR=0.0.0.0:8443 menjin serve --config /etc/menjin.yaml`,
	},

	"menjin migrate": {
		long: `Changes or shows the schema of the database at database.url. A service brings it up to date by itself when it starts, so these
are for those who want it done before, by a role that may, and for going back.`,
		example: `  menjin migrate status
  menjin migrate up`,
	},
	"menjin migrate up": {
		long: `Applies the steps that the database lacks, in order, and lists all. Replicas of the release before go on working meanwhile and
afterwards. A step that fails is taken back whole and tried again the next time.`,
		example: `  MENJIN_DATABASE_URL_FILE=/run/secrets/owner_url menjin migrate up`,
	},
	"menjin migrate down": {
		long: `Takes the newest step back and lists all. What only that step has a place for is lost: make a copy before. Go back one release of
the program first; a newer one would apply the step again when it starts.`,
		example: `  menjin migrate down`,
	},
	"menjin migrate status": {
		long:    `Lists the steps of the schema and when each was applied, or that it is pending. It changes nothing.`,
		example: `  menjin migrate status --json | jq '[.[] | select(.applied_at == null)] | length'`,
	},

	"menjin keys": {
		long: `Keys that sign access tokens, that encrypt fields and that find encrypted fields lie in the database, wrapped by the master key
of vault.url. A service replaces all but the master key by itself every 90 days; these commands do it at once.`,
		example: `  menjin keys list
  menjin keys rotate --tokens`,
	},
	"menjin keys list": {
		long: `Lists the keys that verify access tokens with the time each retires, those of encrypted fields with what each is used for, and
the master key that wraps them. No key is shown. --count also counts the fields under each key, which reads every row.`,
		example: `  menjin keys list --count
  menjin keys list --json | jq -r '.signing_keys[].kid'`,
	},
	"menjin keys new": {example: `  menjin keys new --out /etc/menjin/vault.key
  menjin keys new --after /etc/menjin/vault.key --out /etc/menjin/vault-2.key`},
	"menjin keys rotate": {example: `  menjin keys rotate                 tokens and fields
  menjin keys rotate --tokens        a key of access tokens may be known
  menjin keys rotate --master        after the master key was replaced`},
	"menjin keys reencrypt": {example: `  menjin keys rotate --fields && sleep 60 && menjin keys reencrypt`},

	"menjin user": {example: `  menjin user create ops --role admin --password-file ./password
  menjin user lock 0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192 --reason "phone stolen"`},
	"menjin user create": {
		long: `Creates a user with a password, read from --password-file or else from the first line of standard input; it is never an argument,
as those are seen by everybody on the machine. The first administrator is made so.`,
		example: `  menjin user create ops --role admin --password-file ./password
  openssl rand -base64 18 | tee /dev/stderr | menjin user create ops --email ops@example.com --role admin --json`,
	},
	"menjin user lock": {
		long:    `Keeps a user from signing in and ends their sessions: the next request by any of them is refused.`,
		example: `  menjin user lock lihua --reason "phone stolen"`,
	},
	"menjin user unlock": {
		long:    `Lets a user who was locked sign in again. Sessions that ended stay ended.`,
		example: `  menjin user unlock lihua`,
	},
	"menjin user grant": {
		long:    `Gives a user just the roles that are named, support or admin, and takes away all others; none takes all away.`,
		example: "  menjin user grant lihua support\n  menjin user grant lihua",
	},

	"menjin outbox":         {example: `  menjin outbox status --json | jq .waiting`},
	"menjin outbox status":  {example: "  menjin outbox status\n  menjin outbox status --json"},
	"menjin outbox dead":    {example: `  menjin outbox dead --json | jq -r '.[].event_id'`},
	"menjin outbox retry":   {example: "  menjin outbox retry 0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192\n  menjin outbox retry --all"},
	"menjin outbox discard": {example: `  menjin outbox discard 0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192 --reason "entered by hand downstream"`},
	"menjin outbox pause":   {example: "  menjin outbox pause\n  menjin outbox pause --shard 3"},
	"menjin outbox resume":  {example: "  menjin outbox resume"},
	"menjin outbox replay":  {example: "  menjin outbox replay --since 2h --to-subject search --wait"},
	"menjin outbox replays": {example: "  menjin outbox replays --limit 5 --json"},
	"menjin outbox cancel":  {example: "  menjin outbox cancel 0193a5b0-7c1e-7d2a-9b3c-4d5e6f708192"},
	"menjin outbox verify":  {example: "  menjin outbox verify --since 24h --json\n  menjin outbox verify --repair"},

	"menjin config": {
		long: `Every setting has a built-in value for the profile that MENJIN_ENV picks (dev, test, prod); --config goes over it, the
environment over both.`,
		example: "  menjin config check\n  menjin config print",
	},
	"menjin config check": {
		long:    `Reports every fault of the configuration, each by its key, and starts nothing. With none it names the profile.`,
		example: `  MENJIN_ENV=prod menjin config check --config /etc/menjin.yaml`,
	},
	"menjin config print": {
		long: `Shows every key, its value, whether that was given or is built in, the variable that sets it, and what it means. Secrets
are redacted. A configuration that cannot be used is shown as well, without the values that were refused, and then its faults.`,
		example: `  menjin config print --json | jq -r '.settings[] | select(.given) | .key'`,
	},

	"menjin sandbox": {
		long: `Serves the WeChat look-alike alone, at wechat.sandbox_addr, until SIGINT or SIGTERM: for several services, or tests of your own,
that share one.`,
		example: `  MENJIN_WECHAT_SANDBOX_ADDR=127.0.0.1:9091 menjin sandbox`,
	},
	"menjin demo":   {example: "  menjin demo\n  menjin demo --service https://id.example.com --sandbox http://127.0.0.1:8081 --person alice"},
	"menjin health": {example: "  menjin health && echo ready"},
	"menjin version": {
		long:    `Shows the version, and what it was built with and for.`,
		example: "  menjin version\n  menjin version --json",
	},
}
