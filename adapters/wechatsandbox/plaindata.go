package wechatsandbox

import "time"

// foreignApp is what a wrong watermark names.
const foreignApp = "wxffffffffffffffff"

// greyAvatar is the picture everybody has in user info since WeChat stopped telling the real one.
const greyAvatar = "https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132"

// rawUserInfo is the part of user info that phones see in the clear.
type rawUserInfo struct {
	NickName  string `json:"nickName"`
	Gender    int    `json:"gender"`
	Language  string `json:"language"`
	City      string `json:"city"`
	Province  string `json:"province"`
	Country   string `json:"country"`
	AvatarURL string `json:"avatarUrl"`
}

type userInfo struct {
	OpenID string `json:"openId"`
	rawUserInfo
	UnionID   string     `json:"unionId,omitempty"`
	Watermark *watermark `json:"watermark,omitempty"`
}

// plainData makes the JSON to encrypt and, of user info, the raw data that goes beside it.
func (s *Server) plainData(order DataOrder) (plain, raw []byte, err error) {
	mark := s.mark(order)
	if order.Kind == DataPhone {
		info, err := s.newPhoneInfo(order.AppID, order.dataSubject(), order.Phone, s.now())
		if err != nil {
			return nil, nil, err
		}
		info.Watermark = mark
		return order.cut(encode(info)), nil, nil
	}
	anonymous := rawUserInfo{NickName: "微信用户", AvatarURL: greyAvatar}
	info := userInfo{
		OpenID:      s.OpenID(order.AppID, order.dataSubject()),
		rawUserInfo: anonymous,
		Watermark:   mark,
	}
	if !s.hidesUnionID(order.AppID, order.Person) {
		info.UnionID = s.UnionID(order.dataSubject())
	}
	return order.cut(encode(info)), encode(anonymous), nil
}

func (s *Server) hidesUnionID(appID, person string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules.forPerson(appID, person).hideUnionID
}

// dataSubject is whom the data tells of.
func (o DataOrder) dataSubject() string {
	if o.Fault == DataOtherPerson || o.Fault == DataOtherOpenID {
		return o.Person + " (somebody else)"
	}
	return o.Person
}

func (s *Server) mark(order DataOrder) *watermark {
	mark := &watermark{Timestamp: s.now().Unix(), AppID: order.AppID}
	const day = int64(24 * time.Hour / time.Second)
	switch order.Fault {
	case DataWrongApp:
		mark.AppID = foreignApp
	case DataOld:
		mark.Timestamp -= day
	case DataFuture:
		mark.Timestamp += day
	case DataNoWatermark:
		return nil
	}
	return mark
}

func (o DataOrder) cut(plain []byte) []byte {
	if o.Fault == DataBrokenJSON {
		return plain[:len(plain)/2]
	}
	return plain
}
