package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func titleCase(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		start := !inWord
		inWord = unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '’'
		if start {
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}

// caseWords cuts at everything but letters and digits, and where a small
// letter is followed by a capital.
func caseWords(s string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
			word = word[:0]
		}
	}
	prev := rune(0)
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
		case unicode.IsUpper(r) && unicode.IsLower(prev):
			flush()
			word = append(word, r)
		default:
			word = append(word, r)
		}
		prev = r
	}
	flush()
	return words
}

func camelCase(s string) string {
	words := caseWords(s)
	for i, w := range words {
		words[i] = strings.ToLower(w)
		if i > 0 {
			words[i] = capitalize(words[i])
		}
	}
	return strings.Join(words, "")
}

func slug(s string) string {
	s = strings.ToLower(removeAccents(s))
	var b strings.Builder
	gap := false
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	return b.String()
}

// accents lists each plain letter and then the letters written as it.
var accents = func() map[rune]string {
	m := map[rune]string{}
	for _, row := range strings.Fields(`
		aàáâãäåāăąǎ AÀÁÂÃÄÅĀĂĄǍ cçćĉċč CÇĆĈĊČ dďđð DĎĐÐ eèéêëēĕėęě EÈÉÊËĒĔĖĘĚ
		gĝğġģ GĜĞĠĢ hĥħ HĤĦ iìíîïĩīĭįı IÌÍÎÏĨĪĬĮİ jĵ JĴ kķ KĶ lĺļľŀł LĹĻĽĿŁ
		nñńņňŉ NÑŃŅŇ oòóôõöøōŏő OÒÓÔÕÖØŌŎŐ rŕŗř RŔŖŘ sśŝşšș SŚŜŞŠȘ tţťŧț TŢŤŦȚ
		uùúûüũūŭůűų UÙÚÛÜŨŪŬŮŰŲ wŵ WŴ yýÿŷ YÝŶŸ zźżž ZŹŻŽ`) {
		plain, rest := row[:1], row[1:]
		for _, r := range rest {
			m[r] = plain
		}
	}
	for r, s := range map[rune]string{'ß': "ss", 'ẞ': "SS", 'æ': "ae", 'Æ': "AE", 'œ': "oe", 'Œ': "OE", 'þ': "th", 'Þ': "TH"} {
		m[r] = s
	}
	return m
}()

func removeAccents(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if unicode.Is(unicode.Mn, r) {
			continue // a combining accent after its letter
		}
		if plain, ok := accents[r]; ok {
			b.WriteString(plain)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
