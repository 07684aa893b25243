package wechatsandbox

import (
	"encoding/base64"
	"testing"
)

// What WeChat prints in its own guides.

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatalf("decode %q: %v", text, err)
	}
	return bytes
}

func TestOpenDataIsEncryptedAsInTheOfficialDemo(t *testing.T) {
	t.Parallel()
	const plain = `{"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0","unionId":"ocMvos6NjeKLIBqg5Mr9QjxrP1FA","watermark":{"timestamp":1477314187,"appid":"wx4f4bc4dec97d474b"}}`
	key, iv := bytesOf(t, "tiihtNczf5v6AKRyjwEUhQ=="), bytesOf(t, "r7BXXKkLb8qrSNn05n0qiA==")
	check(t, "ciphertext", base64.StdEncoding.EncodeToString(encryptCBC(key, iv, pad([]byte(plain), 16))), "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGO"+
		"ETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxua"+
		"cJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xN"+
		"rXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJd"+
		"NiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==")
}

func TestRawDataIsSignedAsInTheOfficialGuide(t *testing.T) {
	t.Parallel()
	const raw = `{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}`
	check(t, "signature", signRaw(raw, "HyVFkGl5F5OQWJZZaNzBBg=="), "75e81ceda165f4ffa64f4068af58c64b8f54b88c")
}

func TestLoginStateIsSignedAsInTheOfficialGuide(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ key, message, want string }{
		{"o0q0otL8aEzpcZL/FT9WsQ==", `{"foo":"bar"}`, "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"},
		{"o0q0otL8aEzpcZL/FT9WsQ==", ``, "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"},
		{"tiihtNczf5v6AKRyjwEUhQ==", ``, "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"},
	} {
		check(t, "signature of "+test.message, signSession(test.key, test.message), test.want)
	}
}

// The guide's token, EncodingAESKey and app.
const (
	guideToken = "AAAAA"
	guideKey   = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	guideApp   = "wxba5fad812f8e6fb9"
)

func TestPushIsSignedAsInTheOfficialGuide(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, timestamp, nonce, want string }{
		{"check of the URL", "1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"},
		{"message in the clear", "1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"},
	} {
		check(t, test.name, signPush(guideToken, test.timestamp, test.nonce), test.want)
	}
}

func TestPushIsEncryptedAsInTheOfficialGuide(t *testing.T) {
	t.Parallel()
	key, err := decodeAESKey(guideKey)
	if err != nil {
		t.Fatalf("decode key: %v", err)
	}
	for _, test := range []struct{ name, random, message, timestamp, nonce, sealed, signature string }{
		{
			"message", "a8eedb185eb2fecf",
			`{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}`,
			"1714112445", "415670741",
			"+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUn" +
				"nR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY" +
				"2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=",
			"046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
		},
		{
			"reply", "707722b803182950",
			`{"demo_resp":"good luck"}`,
			"1713424427", "415670741",
			"ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
			"1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
		},
	} {
		sealed := encryptPush(key, []byte(test.random), test.message, guideApp)
		check(t, test.name, sealed, test.sealed)
		check(t, test.name+" signature", signPush(guideToken, test.timestamp, test.nonce, sealed), test.signature)
	}
}

func TestKeysWithStrayBitsAreTaken(t *testing.T) {
	t.Parallel()
	if key, err := decodeAESKey(guideKey[1:] + "B"); err != nil || len(key) != 32 {
		t.Errorf("got %d bytes (%v), want 32", len(key), err)
	}
}
