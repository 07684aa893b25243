package natsbus

import (
	"fmt"
	"strings"
)

const (
	serviceUser    = "menjin"
	subscriberUser = "subscriber"
	// eventsAPI is what requests of subscribers about the stream are renamed to, so that they reach the service's account
	// and not the JetStream of their own.
	eventsAPI = "_menjin_events"

	// subscriberConsumers is how many consumers the stream may have before subscribers get no more: four for each client that may
	// be connected. An idle one costs about 50 KiB of memory, all of them 25 MiB. The rest of streamConsumers is the service's
	// own: one for good, and one for each search through the stream.
	subscriberConsumers = 4 * embeddedClients
	streamConsumers     = subscriberConsumers + 64
)

// subscriberRequests are the requests about the stream that subscribers may send: look at it, pull from it through
// consumers of their own, acknowledge. Making a consumer is not among them: that request goes through the gate.
var subscriberRequests = []struct{ subject, response string }{
	{"$JS.API.STREAM.INFO." + StreamName, "single"},
	{"$JS.API.STREAM.MSG.GET." + StreamName, "single"},
	{"$JS.API.CONSUMER.INFO." + StreamName + ".*", "single"},
	{"$JS.API.CONSUMER.NAMES." + StreamName, "single"},
	{"$JS.API.CONSUMER.LIST." + StreamName, "single"},
	{"$JS.API.CONSUMER.DELETE." + StreamName + ".*", "single"},
	{"$JS.API.CONSUMER.UNPIN." + StreamName + ".*", "single"},
	{"$JS.API.CONSUMER.MSG.NEXT." + StreamName + ".*", "stream"},
	{"$JS.ACK." + StreamName + ".>", "single"},
}

// accounts is the part of the server's configuration that says who may do what.
//
// Permissions on subjects alone would not keep a subscriber from forging an event: the answer to any request goes to
// whatever reply subject the request names, and a stream can be told to republish. So subscribers live in an account of
// their own, with a JetStream of their own for what they need to keep, and only the requests above cross over.
func accounts(password string) string {
	var exports, imports, mappings strings.Builder
	for _, subjects := range append(streamSubjects(), replaySubjects+">") {
		fmt.Fprintf(&exports, "{stream: %q}\n", subjects)
		fmt.Fprintf(&imports, "{stream: {account: MENJIN, subject: %q}}\n", subjects)
	}
	fmt.Fprintf(&exports, "{service: %q, response_type: single}\n", gateSubjects+">")
	fmt.Fprintf(&imports, "{service: {account: MENJIN, subject: %q}, to: %q}\n", gateSubjects+">", eventsAPI+createSubjects+">")
	fmt.Fprintf(&mappings, "%q: %q\n", "$JS"+createSubjects+">", eventsAPI+createSubjects+">")
	for _, request := range subscriberRequests {
		renamed := eventsAPI + strings.TrimPrefix(request.subject, "$JS")
		fmt.Fprintf(&exports, "{service: %q, response_type: %s}\n", request.subject, request.response)
		fmt.Fprintf(&imports, "{service: {account: MENJIN, subject: %q}, to: %q}\n", request.subject, renamed)
		fmt.Fprintf(&mappings, "%q: %q\n", request.subject, withWildcards(renamed))
	}
	return fmt.Sprintf(accountsFormat, serviceUser, password, exports.String(),
		imports.String(), mappings.String(), subscriberUser, feedConsumer, subscriberUser, streamConsumers, embeddedClients)
}

// streamSubjects are those of the stream. Subscribers may also hear them live, and what is sent again beside the stream.
func streamSubjects() []string { return []string{"menjin.user.>", "menjin.wechat.>"} }

func withWildcards(subject string) string { return strings.Replace(subject, "*", "{{wildcard(1)}}", 1) }

// The subscriber's password is empty: whoever reaches the port may use the account. A permission is checked on the name
// that a request was renamed to.
const accountsFormat = `
accounts {
  MENJIN {
    jetstream: {max_consumers: %[9]d}
    users: [{user: %[1]s, password: %[2]q}]
    exports: [%[3]s]
  }
  SUBSCRIBERS {
    jetstream: {max_mem: 16M, max_store: 1G, max_streams: 64, max_consumers: 256}
    limits: {max_connections: %[10]d}
    imports: [%[4]s]
    mappings: {%[5]s}
    users: [{user: %[6]s, password: "", permissions: {
      publish: {deny: [
        "menjin.>", "_INBOX.>"
        "` + eventsAPI + `.API.CONSUMER.CREATE.` + StreamName + `.%[7]s"
        "` + eventsAPI + `.API.CONSUMER.CREATE.` + StreamName + `.%[7]s.>"
        "` + eventsAPI + `.API.CONSUMER.DELETE.` + StreamName + `.%[7]s"
        "` + eventsAPI + `.API.CONSUMER.UNPIN.` + StreamName + `.%[7]s"
        "` + eventsAPI + `.API.CONSUMER.MSG.NEXT.` + StreamName + `.%[7]s"
        "` + eventsAPI + `.ACK.` + StreamName + `.%[7]s.>"
      ]}
    }}]
  }
}
no_auth_user: %[8]s
`
