package transit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const maxAnswer = 1 << 20

// post returns the body of a success. Errors hold neither what was sent nor what came back: both are as good as keys.
func (m *Master) post(ctx context.Context, address string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Vault-Token", m.token.Reveal())
	request.Header.Set("X-Vault-Request", "true") // which a server may demand, against forged requests of browsers
	response, err := m.client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %s", domain.ErrUnavailable, err.Error())
	}
	defer response.Body.Close()
	if err := statusError(response); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", domain.ErrUnavailable, err.Error())
	}
	if len(answer) > maxAnswer {
		return nil, errAnswer
	}
	return answer, nil
}

// errNotTaken is of the status that a wrong ciphertext gets, among other things.
var errNotTaken = errors.New("the engine does not take it")

var errNoKey = errors.New("there is no such mount or key")

// statusError reads the statuses of Vault's HTTP API.
func statusError(response *http.Response) error {
	switch status := response.StatusCode; {
	case status == http.StatusOK:
		return nil
	case status == http.StatusBadRequest && lacksKey(response.Body):
		return errNoKey
	case status == http.StatusBadRequest:
		return errNotTaken
	case status == http.StatusForbidden:
		return fmt.Errorf("%w: the token is not valid, or may not use this key", ports.ErrNotAdmitted)
	case status == http.StatusNotFound:
		return errNoKey
	case status == http.StatusTooManyRequests || status >= 500 || status == 412 || status == 472 || status == 473:
		// 412: a replica that lags behind; 472 and 473: a standby; 503: sealed, or under maintenance.
		return fmt.Errorf("%w: status %d", domain.ErrUnavailable, status)
	default:
		return fmt.Errorf("unexpected status %d", status)
	}
}

// lacksKey tells a key that does not exist, whose status is that of a wrong ciphertext, too.
func lacksKey(body io.Reader) bool {
	text, err := io.ReadAll(io.LimitReader(body, 4<<10))
	return err == nil && bytes.Contains(text, []byte("encryption key not found"))
}
