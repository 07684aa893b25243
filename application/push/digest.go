package push

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
)

// digest is the same for a message that comes again, under whatever signature. WeChat numbers what people write and few of its
// events; the others are told by whom they are from and when, and, where the event obliges to nothing, by all they say, because
// several of one kind may come in a second.
func (m Message) digest() [32]byte {
	parts := []string{"wechat message", string(m.App), m.name()}
	switch {
	case m.ID != "":
		parts = append(parts, "id", m.ID)
	default:
		parts = append(parts, "fields", m.From.Reveal(), m.CreateTime, m.OpenID.Reveal(), m.RevokeInfo)
		if !obliges(m.name()) {
			content, _ := json.Marshal(m.Content) // what cannot be written has no content to publish either
			parts = append(parts, string(content))
		}
	}
	return digestOf(parts)
}

func obliges(name string) bool {
	return name == authorizationRevoked || name == authorizationCancelled || name == profileCleaned
}

// digestOf goes by the lengths, too, so that no two lists look alike.
func digestOf(parts []string) [32]byte {
	var text []byte
	for _, part := range parts {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	return sha256.Sum256(text)
}
