package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/menjin-id/menjin/domain"
)

// problem is a failure as it is answered. As an error it is one of this package's own.
type problem struct {
	status     int
	reason     string
	retryAfter time.Duration // 0: a default where the status wants one
	faults     []fault
}

func (p *problem) Error() string { return failures[p.reason].en }

var (
	errMalformedJSON        = &problem{status: http.StatusBadRequest, reason: "MALFORMED_JSON"}
	errNotFound             = &problem{status: http.StatusNotFound, reason: "NOT_FOUND"}
	errMethodNotAllowed     = &problem{status: http.StatusMethodNotAllowed, reason: "METHOD_NOT_ALLOWED"}
	errBodyTooLarge         = &problem{status: http.StatusRequestEntityTooLarge, reason: "BODY_TOO_LARGE"}
	errUnsupportedMediaType = &problem{status: http.StatusUnsupportedMediaType, reason: "UNSUPPORTED_MEDIA_TYPE"}

	internal = &problem{status: http.StatusInternalServerError, reason: "INTERNAL"}
)

// statuses is the one table from the kinds of failure to HTTP. A test fails when a kind is missing.
var statuses = map[domain.Code]int{
	domain.CodeInvalid:         http.StatusBadRequest,
	domain.CodeUnauthenticated: http.StatusUnauthorized,
	domain.CodeForbidden:       http.StatusForbidden,
	domain.CodeNotFound:        http.StatusNotFound,
	domain.CodeConflict:        http.StatusConflict,
	domain.CodeUnprocessable:   http.StatusUnprocessableEntity,
	domain.CodeRateLimited:     http.StatusTooManyRequests,
	domain.CodeUpstream:        http.StatusBadGateway,
	domain.CodeUnavailable:     http.StatusServiceUnavailable,
	domain.CodeTimeout:         http.StatusGatewayTimeout,
}

// problemOf says how an error is answered. What nobody planned for is internal.
func problemOf(err error) *problem {
	if own, ok := errors.AsType[*problem](err); ok {
		return own
	}
	if invalid, ok := errors.AsType[*invalidBody](err); ok {
		return &problem{status: http.StatusBadRequest, reason: domain.ErrInvalidArgument.Reason, faults: invalid.faults}
	}
	if known, ok := errors.AsType[*domain.Error](err); ok {
		return problemOfDomain(known)
	}
	if routing, ok := errors.AsType[*echo.HTTPError](err); ok {
		return problemOfRouting(routing)
	}
	// The deadline of the request, or a shutdown: the answer is not known, which is no fault of the caller.
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return problemOfDomain(domain.ErrUnavailable)
	}
	return internal
}

func problemOfDomain(known *domain.Error) *problem {
	status, found := statuses[known.Code]
	if _, worded := failures[known.Reason]; !found || !worded {
		return internal
	}
	p := &problem{status: status, reason: known.Reason, retryAfter: known.RetryAfter}
	for _, violation := range known.Violations {
		p.faults = append(p.faults, faultOf(violation))
	}
	return p
}

func problemOfRouting(routing *echo.HTTPError) *problem {
	switch routing.Code {
	case http.StatusNotFound:
		return errNotFound
	case http.StatusMethodNotAllowed:
		return errMethodNotAllowed
	case http.StatusBadRequest: // a path parameter that the generated code cannot read
		return problemOfDomain(domain.ErrInvalidArgument)
	default:
		return internal
	}
}
