package wechat

import (
	"time"

	"github.com/menjin-id/menjin/domain"
)

// class says who can do something about an errcode.
type class string

const (
	classClient   class = "client"   // send a new code, after wx.login or another tap on the button
	classUser     class = "user"     // WeChat does not want this person
	classWait     class = "wait"     // slow down
	classOperator class = "operator" // mend the configuration, or the program
	classBusy     class = "busy"     // WeChat's own trouble
	classUnknown  class = "unknown"
)

// health says what an errcode of a class tells the breaker. An unknown one may be about a single person, or not.
func (c class) health() health {
	switch c {
	case classOperator, classBusy:
		return sick
	case classUnknown:
		return unclear
	default:
		return well
	}
}

// meaning is what an errcode amounts to.
type meaning struct {
	class   class
	failure *domain.Error
	text    string // for the operator
	alert   bool   // the operator should read of each
}

const errcodeBusy = -1

// What WeChat says of an access_token that is of no use, or no longer.
const (
	errcodeTokenNotLatest = 40001
	errcodeTokenInvalid   = 40014
	errcodeTokenExpired   = 42001
)

// meanings has every errcode that the doors used here are known to give. Where one means something else at a door, the door
// has a meaning of its own.
var meanings = map[int64]meaning{
	errcodeBusy: {class: classBusy, failure: domain.ErrUnavailable.After(time.Second), text: "WeChat is busy"},

	40029: {class: classClient, failure: domain.ErrWeChatCodeInvalid, text: "the code is unknown, expired or of another mini-program"},
	40163: {class: classClient, failure: domain.ErrWeChatCodeUsed, text: "the code was used before"},
	40226: {class: classUser, failure: domain.ErrWeChatUserBlocked, text: "WeChat holds the person for a risk"},

	// There is no telling apart a key that WeChat has replaced and one that it never gave.
	87007: {class: classClient, failure: domain.ErrSessionKeyStale, text: "WeChat has no session_key of the person, or no longer"},
	87009: {class: classClient, failure: domain.ErrSessionKeyStale, text: "WeChat has another session_key of the person"},

	// About one person, though no fault of theirs.
	40003: {class: classUnknown, failure: domain.ErrWeChatFailed, text: "the openid is not of this mini-program", alert: true},

	44991: {class: classWait, failure: domain.ErrWeChatRateLimited.After(time.Minute), text: "minute limit reached"},
	45011: {class: classWait, failure: domain.ErrWeChatRateLimited.After(time.Minute), text: "minute limit reached"},
	45009: {class: classWait, failure: domain.ErrWeChatRateLimited.After(time.Hour), text: "daily quota reached", alert: true},

	40001: operator("the app secret is wrong"),
	40013: operator("the app id is wrong"),
	40125: operator("the app secret is wrong"),
	40164: operator("this server's address is not on the mini-program's whitelist"),
	40243: operator("the app secret is frozen"),
	45035: operator("this server's address is not on the mini-program's whitelist"),
	48001: operator("the mini-program may not use this API"),
	48004: operator("the mini-program is forbidden to use this API"),
	43104: operator("the mini-program may not use this API"),
	50002: operator("the mini-program is restricted"),
	50004: operator("the mini-program is forbidden to use this API"),
	50007: operator("the account is frozen"),
	61007: operator("the mini-program is authorised to a platform for something else"),
	61024: operator("WeChat wants the access_token of a platform"),
	61004: operator("this server's address is not on the mini-program's whitelist"),
	89503: operator("this server's address waits for the administrator's consent"),
	89506: operator("the administrator refused this server's address for a day"),
	89507: operator("the administrator refused this server's address for an hour"),

	// These speak of a request that this client does not make: something between here and WeChat changes it.
	40002: operator("grant_type did not arrive"),
	40066: operator("the base address is not WeChat's"),
	40097: operator("an argument did not arrive as it was sent"),
	41001: operator("the access_token did not arrive"),
	41002: operator("the app id did not arrive"),
	41004: operator("the app secret did not arrive"),
	41008: operator("the code did not arrive"),
	43002: operator("the request did not arrive as it was sent"),
	43003: operator("WeChat wants https"),
	44002: operator("the request arrived empty"),
	47001: operator("the request did not arrive as it was sent"),
	87008: operator("sig_method did not arrive"),

	errcodeTokenInvalid: operator("WeChat refuses an access_token that it has just given"),
	errcodeTokenExpired: operator("WeChat refuses an access_token that it has just given"),
}

// tokenMeanings are those of doors that want an access_token, which has been renewed once when they count.
var tokenMeanings = map[int64]meaning{
	errcodeTokenNotLatest: operator("WeChat refuses an access_token that it has just given"),
}

// phoneMeanings take a code of another mini-program for what it is: anybody can send one, and nobody shall stop the binding
// of telephone numbers with such codes. The operator reads of them, because a client built for another mini-program does so.
var phoneMeanings = map[int64]meaning{
	errcodeTokenNotLatest: tokenMeanings[errcodeTokenNotLatest],
	40013: {
		class: classClient, failure: domain.ErrWeChatCodeInvalid, text: "the code is of another mini-program than the access_token", alert: true,
	},
}

func operator(text string) meaning {
	return meaning{class: classOperator, failure: domain.ErrWeChatFailed, text: text, alert: true}
}

func meaningOf(errcode int64) meaning {
	if known, ok := meanings[errcode]; ok {
		return known
	}
	return meaning{class: classUnknown, failure: domain.ErrWeChatFailed, text: "an errcode not known here", alert: true}
}
