package wechat

import "strings"

// maxRID is what "rid: 652d44d0-1d0af18b-5b069232" needs, and less than a login code, a secret or an openid has: an errmsg
// that repeats one of those behind the word is not taken for a rid.
const maxRID = 26

// findRID returns the id in "…, rid: 652d44d0-1d0af18b-5b069232" or in the older "… hints: [ req_id: yhcachqge-trI3PA ]".
// It holds nothing but letters, digits, "-" and "_", whatever the other side sent.
func findRID(errmsg string) string {
	for _, mark := range []string{"rid:", "req_id:"} {
		_, rest, found := strings.Cut(errmsg, mark)
		if !found {
			continue
		}
		rid, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		rid = strings.TrimRight(rid, ",.]")
		if len(rid) <= maxRID && strings.IndexFunc(rid, notInRID) < 0 {
			return rid
		}
	}
	return ""
}

func notInRID(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
