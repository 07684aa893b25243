package httpapi

import "context"

// Hello answers GET /api/hello.
func (h *handler) Hello(ctx context.Context, _ HelloRequestObject) (HelloResponseObject, error) {
	x := exchangeOf(ctx)
	return Hello200JSONResponse{
		Code: HelloResponseCodeN200, Message: done.in(x.language()), RequestId: x.id,
		Data: Hello{Message: greeting.in(x.language()), Time: h.now()},
	}, nil
}

// GetHealth answers GET /health.
func (h *handler) GetHealth(context.Context, GetHealthRequestObject) (GetHealthResponseObject, error) {
	return GetHealth200JSONResponse{Status: HealthStatusOk, Service: Menjin, Timestamp: h.now()}, nil
}

// GetLiveness answers GET /health/live.
func (h *handler) GetLiveness(context.Context, GetLivenessRequestObject) (GetLivenessResponseObject, error) {
	return GetLiveness200JSONResponse{Status: LivenessStatusOk}, nil
}

// GetReadiness answers GET /health/ready.
func (h *handler) GetReadiness(ctx context.Context, _ GetReadinessRequestObject) (GetReadinessResponseObject, error) {
	state := h.readiness.ask(ctx)
	if state.Status == Ready || state.Status == Degraded {
		return GetReadiness200JSONResponse(state), nil
	}
	return GetReadiness503JSONResponse{Body: state, Headers: GetReadiness503ResponseHeaders{RetryAfter: 1}}, nil
}
