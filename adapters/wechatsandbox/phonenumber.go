package wechatsandbox

const pathPhoneNumber = "/wxa/business/getuserphonenumber"

type phoneAnswer struct {
	status
	PhoneInfo phoneInfo `json:"phone_info"`
}

// phoneNumber trades a phone code for the number.
func (s *Server) phoneNumber(c *call) answer {
	appID, errcode := s.authorize(c)
	if errcode != 0 {
		return s.fail(errcode)
	}
	var in struct {
		Code   string `json:"code"`
		OpenID string `json:"openid"`
	}
	if errcode := c.decodePost(&in); errcode != 0 {
		return s.fail(errcode)
	}
	c.entry.Code = fingerprint(in.Code)
	info, errcode := s.redeemPhone(c, appID, in.Code, in.OpenID)
	if errcode != 0 {
		return s.fail(errcode)
	}
	if c.fault.Kind == FaultWrongWatermark {
		info.Watermark = &watermark{Timestamp: info.Watermark.Timestamp, AppID: foreignApp}
	}
	return succeed(phoneAnswer{ok, info})
}

// redeemPhone spends the code. One of another app, or of somebody other than the openid says, stays unspent; a used one
// is as invalid as an unknown one, which is what WeChat documents for phone codes.
func (s *Server) redeemPhone(c *call, appID, text, openID string) (_ phoneInfo, errcode int) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	code := s.phoneCodes.find(text, now)
	if code == nil {
		return phoneInfo{}, errCode
	}
	if code.appID != appID {
		return phoneInfo{}, errAppID
	}
	c.entry.Person = code.person
	if code.spent || openID != "" && openID != code.openID {
		return phoneInfo{}, errCode
	}
	s.phoneCodes.spend(code)
	s.phoneNumbers++
	return code.phone, 0
}
