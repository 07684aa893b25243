package domain

import "time"

// Code is the kind of a failure. The vocabulary is closed: an adapter that answers people maps each Code once, and a test
// of its own fails when one has no answer.
type Code string

// The kinds of failure. Unauthenticated means the caller should sign in again, Forbidden that the caller is known and
// not allowed, Unprocessable that what was sent is well-formed and cannot be believed. Upstream, Unavailable and Timeout are failures of what Menjin depends on and never the caller's fault.
const (
	CodeInvalid         Code = "invalid"
	CodeUnauthenticated Code = "unauthenticated"
	CodeForbidden       Code = "forbidden"
	CodeNotFound        Code = "not_found"
	CodeConflict        Code = "conflict"
	CodeUnprocessable   Code = "unprocessable"
	CodeRateLimited     Code = "rate_limited"
	CodeUpstream        Code = "upstream"
	CodeUnavailable     Code = "unavailable"
	CodeTimeout         Code = "timeout"
)

// Codes lists every Code there is.
func Codes() []Code {
	return []Code{
		CodeInvalid, CodeUnauthenticated, CodeForbidden, CodeNotFound, CodeConflict, CodeUnprocessable,
		CodeRateLimited, CodeUpstream, CodeUnavailable, CodeTimeout,
	}
}

// Error is a failure the caller can act on; any other error is internal. Two Errors are the same to errors.Is when their
// reasons are equal, so that one with details still matches the variable it came from.
type Error struct {
	Code       Code
	Reason     string        // the stable word programs branch on, e.g. "SESSION_ENDED"
	Text       string        // for people, safe to show; never made from a driver's message
	RetryAfter time.Duration // how long to wait before trying again; 0 = not said
	Violations []Violation   // the faults of an invalid input
}

// Violation is one fault of an input. It never quotes the value.
type Violation struct {
	Field string // path in the input, e.g. "device.model"
	Rule  string // required, type, min, max, format, enum, unknown, common, same, linked
	Text  string
}

func (e *Error) Error() string { return e.Text }

// Is reports whether target is an Error with the same reason.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Reason == e.Reason
}

// After returns the same failure with the time to wait.
func (e *Error) After(wait time.Duration) *Error {
	later := *e
	later.RetryAfter = wait
	return &later
}

// Invalid returns ErrInvalidArgument with the faults found.
func Invalid(violations ...Violation) *Error {
	invalid := *ErrInvalidArgument
	invalid.Violations = violations
	return &invalid
}

// The failures a caller can meet. Reasons are part of the public contract.
var (
	ErrInvalidArgument = &Error{Code: CodeInvalid, Reason: "INVALID_ARGUMENT", Text: "an argument is invalid"}

	ErrTokenMissing        = &Error{Code: CodeUnauthenticated, Reason: "TOKEN_MISSING", Text: "no access token was sent"}
	ErrTokenInvalid        = &Error{Code: CodeUnauthenticated, Reason: "TOKEN_INVALID", Text: "the access token is not valid"}
	ErrTokenExpired        = &Error{Code: CodeUnauthenticated, Reason: "TOKEN_EXPIRED", Text: "the access token has expired"}
	ErrSessionEnded        = &Error{Code: CodeUnauthenticated, Reason: "SESSION_ENDED", Text: "the session has ended"}
	ErrRefreshTokenInvalid = &Error{Code: CodeUnauthenticated, Reason: "REFRESH_TOKEN_INVALID", Text: "the refresh token is not valid, or no longer"}
	ErrRefreshTokenReused  = &Error{Code: CodeUnauthenticated, Reason: "REFRESH_TOKEN_REUSED", Text: "the refresh token was used before; its session has been ended"}
	ErrBadCredentials      = &Error{Code: CodeUnauthenticated, Reason: "BAD_CREDENTIALS", Text: "the username or the password is wrong"}
	ErrWeChatCodeInvalid   = &Error{Code: CodeUnauthenticated, Reason: "WECHAT_CODE_INVALID", Text: "WeChat does not know this login code, or no longer"}
	ErrWeChatCodeUsed      = &Error{Code: CodeUnauthenticated, Reason: "WECHAT_CODE_USED", Text: "this WeChat login code was used before"}

	ErrAccountLocked     = &Error{Code: CodeForbidden, Reason: "ACCOUNT_LOCKED", Text: "the account is locked"}
	ErrPermissionDenied  = &Error{Code: CodeForbidden, Reason: "PERMISSION_DENIED", Text: "the caller is not allowed to do this"}
	ErrWeChatUserBlocked = &Error{Code: CodeForbidden, Reason: "WECHAT_USER_BLOCKED", Text: "WeChat refuses to sign this person in"}

	ErrUserNotFound   = &Error{Code: CodeNotFound, Reason: "NOT_FOUND", Text: "no such user"}
	ErrNotFound       = &Error{Code: CodeNotFound, Reason: "NOT_FOUND", Text: "there is no such thing"}
	ErrUsernameTaken  = &Error{Code: CodeConflict, Reason: "USERNAME_TAKEN", Text: "the username belongs to a user already"}
	ErrEmailTaken     = &Error{Code: CodeConflict, Reason: "EMAIL_TAKEN", Text: "the e-mail address belongs to a user already"}
	ErrLastCredential = &Error{Code: CodeConflict, Reason: "LAST_CREDENTIAL", Text: "the last way to sign in cannot be removed"}
	ErrWeChatTaken    = &Error{Code: CodeConflict, Reason: "WECHAT_TAKEN", Text: "the WeChat identity belongs to a user already"}

	ErrPhoneTaken = &Error{Code: CodeConflict, Reason: "PHONE_TAKEN", Text: "the telephone number belongs to a user already"}

	ErrSessionKeyStale = &Error{Code: CodeConflict, Reason: "SESSION_KEY_STALE", Text: "WeChat has another session_key by now; call wx.login again"}

	ErrDecryptionFailed  = &Error{Code: CodeUnprocessable, Reason: "DECRYPTION_FAILED", Text: "the encrypted data cannot be opened"}
	ErrWatermarkMismatch = &Error{Code: CodeUnprocessable, Reason: "WATERMARK_MISMATCH", Text: "the encrypted data is too old, or of another mini-program or person"}
	ErrSignatureMismatch = &Error{Code: CodeUnprocessable, Reason: "SIGNATURE_MISMATCH", Text: "the signature does not belong to the data"}

	ErrRateLimited       = &Error{Code: CodeRateLimited, Reason: "RATE_LIMITED", Text: "too many requests"}
	ErrTooManyAttempts   = &Error{Code: CodeRateLimited, Reason: "TOO_MANY_ATTEMPTS", Text: "too many failed attempts"}
	ErrWeChatRateLimited = &Error{Code: CodeRateLimited, Reason: "WECHAT_RATE_LIMITED", Text: "WeChat asks to slow down"}
	ErrWeChatFailed      = &Error{Code: CodeUpstream, Reason: "WECHAT_ERROR", Text: "WeChat did not answer as it should"}
	ErrWeChatTimeout     = &Error{Code: CodeTimeout, Reason: "WECHAT_TIMEOUT", Text: "WeChat took too long to answer"}
	ErrUnavailable       = &Error{Code: CodeUnavailable, Reason: "DEPENDENCY_UNAVAILABLE", Text: "a part of the service is not available right now"}
)
