package bootstrap_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// recased writes a name in the i-th of many ways that mean the same.
func recased(name string, i int) string {
	var text strings.Builder
	for at, letter := range name {
		if i>>(at%5)&1 == 1 {
			letter = unicode.ToUpper(letter)
		}
		text.WriteRune(letter)
	}
	return text.String()
}

func TestNoTwoUsersHaveOneNameOrEMail(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		var mu sync.Mutex
		answers := map[string]int{}
		atOnce(50, func(i int) {
			field, body := "name", credentials(recased("alice", i/2), goodPassword)
			if i%2 == 1 {
				field, body = "e-mail", credentials(fmt.Sprintf("person-%d", i), goodPassword)
				body["email"] = recased("alice@example.com", i/2)
			}
			r, err := p.try(http.MethodPost, "/api/register", "", body)
			for err == nil && r.Status == http.StatusServiceUnavailable { // fifty passwords are much work for a busy machine
				r, err = p.try(http.MethodPost, "/api/register", "", body)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[fmt.Sprintf("%s: %s %v", field, r, err)]++
		})
		want := map[string]int{
			"name: 201  <nil>": 1, "name: 409 USERNAME_TAKEN <nil>": 24, "e-mail: 201  <nil>": 1, "e-mail: 409 EMAIL_TAKEN <nil>": 24,
		}
		if !maps.Equal(answers, want) {
			t.Errorf("50 registrations at once: got %v, want %v", answers, want)
		}
		p.passwordLogin("ALICE")
		p.passwordLogin("Alice@Example.COM")
		p.refuseRegistration("ａｌｉｃｅ", http.StatusConflict, "USERNAME_TAKEN") // full-width letters mean the same
	})
}

func (p *program) refuseRegistration(name string, status int, reason string) {
	p.tb.Helper()
	p.expect(http.MethodPost, "/api/register", "", credentials(name, goodPassword), status, reason)
}
