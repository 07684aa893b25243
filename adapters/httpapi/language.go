package httpapi

import "golang.org/x/text/language"

var languages = language.NewMatcher([]language.Tag{language.Chinese, language.English})

// maxAcceptLanguage bounds what is parsed; browsers send a tenth of it.
const maxAcceptLanguage = 512

// language is what the client prefers, Chinese unless it says English. It is looked up when there is something to say.
func (x *exchange) language() language.Tag {
	if !x.tagKnown {
		x.tag, x.tagKnown = preferred(x.request.Header.Get("Accept-Language")), true
	}
	return x.tag
}

// mentionsEnglish spares most requests the parsing.
func mentionsEnglish(accept string) bool {
	for i := range len(accept) - 1 {
		if accept[i]|0x20 == 'e' && accept[i+1]|0x20 == 'n' {
			return true
		}
	}
	return false
}

func preferred(accept string) language.Tag {
	if len(accept) > maxAcceptLanguage || !mentionsEnglish(accept) {
		return language.Chinese
	}
	wishes, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return language.Chinese
	}
	// Low confidence is the matcher's guess for any language in Latin script.
	if _, index, confidence := languages.Match(wishes...); index == 1 && confidence > language.Low {
		return language.English
	}
	return language.Chinese
}
