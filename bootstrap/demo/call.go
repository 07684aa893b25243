package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// answer is the envelope of the API.
type answer struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Reason  string          `json:"reason"`
	Data    json.RawMessage `json:"data"`
}

func (p *play) call(ctx context.Context, method, address string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		request.Header.Set("Authorization", "Bearer "+p.token)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return response.StatusCode, content, err
}

func (p *play) api(ctx context.Context, method, path string, body []byte) (answer, error) {
	_, content, err := p.call(ctx, method, p.options.Service+path, body)
	if err != nil {
		return answer{}, err
	}
	var got answer
	if err := json.Unmarshal(content, &got); err != nil {
		return answer{}, errors.New("the answer is not JSON: is this Menjin?")
	}
	return got, nil
}

func (p *play) ok(ctx context.Context, method, path string, body []byte, data any) error {
	got, err := p.api(ctx, method, path, body)
	if err != nil {
		return err
	}
	if got.Code != http.StatusOK {
		return fmt.Errorf("answered %d %s: %s", got.Code, got.Reason, got.Message)
	}
	return json.Unmarshal(got.Data, data)
}
