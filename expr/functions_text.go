package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

var textFunctions = []Function{
	{Name: "upper", Category: "text", Signature: "upper(text)", Doc: "Puts text in capital letters.", Example: `upper("aé")`, Result: `"AÉ"`, min: 1, max: 1, aliases: []string{"to_upper"}, call: mapText(strings.ToUpper)},
	{Name: "lower", Category: "text", Signature: "lower(text)", Doc: "Puts text in small letters.", Example: `lower("ABC")`, Result: `"abc"`, min: 1, max: 1, aliases: []string{"to_lower"}, call: mapText(strings.ToLower)},
	{Name: "capitalize", Category: "text", Signature: "capitalize(text)", Doc: "Puts the first letter of text in a capital.", Example: `capitalize("hello World")`, Result: `"Hello World"`, min: 1, max: 1, call: mapText(capitalize)},
	{Name: "title", Category: "text", Signature: "title(text)", Doc: "Puts the first letter of every word in a capital.", Example: `title("order no. one")`, Result: `"Order No. One"`, min: 1, max: 1, call: mapText(titleCase)},
	{Name: "trim", Category: "text", Signature: "trim(text, chars?)", Doc: "Removes white space, or the given characters, from both ends.", Example: `trim("  a b ")`, Result: `"a b"`, min: 1, max: 2, call: trim(strings.TrimSpace, strings.Trim)},
	{Name: "trim_start", Category: "text", Signature: "trim_start(text, chars?)", Doc: "Removes white space, or the given characters, from the start.", Example: `trim_start("007", "0")`, Result: `"7"`, min: 1, max: 2, aliases: []string{"ltrim"}, call: trim(func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }, strings.TrimLeft)},
	{Name: "trim_end", Category: "text", Signature: "trim_end(text, chars?)", Doc: "Removes white space, or the given characters, from the end.", Example: `trim_end("a;;", ";")`, Result: `"a"`, min: 1, max: 2, aliases: []string{"rtrim"}, call: trim(func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }, strings.TrimRight)},
	{Name: "trim_prefix", Category: "text", Signature: "trim_prefix(text, prefix)", Doc: "Removes prefix from the start if it is there.", Example: `trim_prefix("INV-7", "INV-")`, Result: `"7"`, min: 2, max: 2, aliases: []string{"trimPrefix"}, call: func(a *args) any { return strings.TrimPrefix(a.text(0), a.text(1)) }},
	{Name: "trim_suffix", Category: "text", Signature: "trim_suffix(text, suffix)", Doc: "Removes suffix from the end if it is there.", Example: `trim_suffix("a.pdf", ".pdf")`, Result: `"a"`, min: 2, max: 2, aliases: []string{"trimSuffix"}, call: func(a *args) any { return strings.TrimSuffix(a.text(0), a.text(1)) }},
	{Name: "starts_with", Category: "text", Signature: "starts_with(text, prefix)", Doc: "Tells whether text starts with prefix.", Example: `starts_with("INV-7", "INV")`, Result: `true`, min: 2, max: 2, aliases: []string{"startsWith", "hasPrefix"}, call: func(a *args) any { return strings.HasPrefix(a.text(0), a.text(1)) }},
	{Name: "ends_with", Category: "text", Signature: "ends_with(text, suffix)", Doc: "Tells whether text ends with suffix.", Example: `ends_with("a.pdf", ".pdf")`, Result: `true`, min: 2, max: 2, aliases: []string{"endsWith", "hasSuffix"}, call: func(a *args) any { return strings.HasSuffix(a.text(0), a.text(1)) }},
	{Name: "split", Category: "text", Signature: "split(text, separator, limit?)", Doc: "Cuts text at every separator, into at most limit pieces.", Example: `split("a,b,c", ",")`, Result: `["a","b","c"]`, min: 2, max: 3, call: split3},
	{Name: "lines", Category: "text", Signature: "lines(text)", Doc: "Cuts text into its lines.", Example: `lines("a\r\nb\n")`, Result: `["a","b"]`, min: 1, max: 1, call: splitLines},
	{Name: "words", Category: "text", Signature: "words(text)", Doc: "Cuts text at its white space.", Example: `words(" a  b ")`, Result: `["a","b"]`, min: 1, max: 1, call: func(a *args) any {
		s := a.text(0)
		if !a.room(2 * slotBytes * (len(s)/2 + 1)) {
			return nil
		}
		return plainList(strings.Fields(s))
	}},
	{Name: "replace", Category: "text", Signature: "replace(text, old, new, limit?)", Doc: "Puts new in place of every old, or of the first limit ones.", Example: `replace("a-b-c", "-", "+")`, Result: `"a+b+c"`, min: 3, max: 4, aliases: []string{"replace_all"}, call: replaceText},
	{Name: "repeat", Category: "text", Signature: "repeat(text, times)", Doc: "Writes text several times in a row.", Example: `repeat("ab", 3)`, Result: `"ababab"`, min: 2, max: 2, call: repeatText},
	{Name: "pad_start", Category: "text", Signature: "pad_start(text, width, fill?)", Doc: "Fills text up to width characters at its start.", Example: `pad_start(7, 3, "0")`, Result: `"007"`, min: 2, max: 3, aliases: []string{"pad_left", "padStart"}, call: pad(true)},
	{Name: "pad_end", Category: "text", Signature: "pad_end(text, width, fill?)", Doc: "Fills text up to width characters at its end.", Example: `pad_end("a", 3, ".")`, Result: `"a.."`, min: 2, max: 3, aliases: []string{"pad_right", "padEnd"}, call: pad(false)},
	{Name: "truncate", Category: "text", Signature: "truncate(text, width, ending?)", Doc: "Cuts text to width characters, of which the last are ending, by default an ellipsis.", Example: `truncate("abcdef", 4)`, Result: `"abc…"`, min: 2, max: 3, call: truncate},
	{Name: "slug", Category: "text", Signature: "slug(text)", Doc: "Makes a name of small letters, digits and hyphens.", Example: `slug("Über uns: Größe!")`, Result: `"uber-uns-grosse"`, min: 1, max: 1, aliases: []string{"slugify"}, call: mapText(slug)},
	{Name: "remove_accents", Category: "text", Signature: "remove_accents(text)", Doc: "Writes accented Latin letters as plain ones.", Example: `remove_accents("Čapek é")`, Result: `"Capek e"`, min: 1, max: 1, call: mapText(removeAccents)},
	{Name: "snake_case", Category: "text", Signature: "snake_case(text)", Doc: "Writes the words of text as snake_case.", Example: `snake_case("Order ID")`, Result: `"order_id"`, min: 1, max: 1, call: mapText(func(s string) string { return strings.ToLower(strings.Join(caseWords(s), "_")) })},
	{Name: "kebab_case", Category: "text", Signature: "kebab_case(text)", Doc: "Writes the words of text as kebab-case.", Example: `kebab_case("orderTotal")`, Result: `"order-total"`, min: 1, max: 1, call: mapText(func(s string) string { return strings.ToLower(strings.Join(caseWords(s), "-")) })},
	{Name: "camel_case", Category: "text", Signature: "camel_case(text)", Doc: "Writes the words of text as camelCase.", Example: `camel_case("order total")`, Result: `"orderTotal"`, min: 1, max: 1, call: mapText(camelCase)},
	{Name: "substring", Category: "text", Signature: "substring(text, from, length?)", Doc: "Gives part of text; from counts from 0, or from the end when negative.", Example: `substring("abcdef", 1, 3)`, Result: `"bcd"`, min: 2, max: 3, aliases: []string{"substr", "mid"}, call: substring},
	{Name: "before", Category: "text", Signature: "before(text, mark)", Doc: "Gives the text before the first mark, or all of it.", Example: `before("a@b.c", "@")`, Result: `"a"`, min: 2, max: 2, call: func(a *args) any { s, _, _ := strings.Cut(a.text(0), a.text(1)); return s }},
	{Name: "after", Category: "text", Signature: "after(text, mark)", Doc: "Gives the text after the first mark, or an empty text.", Example: `after("a@b.c", "@")`, Result: `"b.c"`, min: 2, max: 2, call: func(a *args) any { _, s, _ := strings.Cut(a.text(0), a.text(1)); return s }},
	{Name: "between", Category: "text", Signature: "between(text, start, end)", Doc: "Gives the text between the first start and the next end, or an empty text.", Example: `between("a [b] c", "[", "]")`, Result: `"b"`, min: 3, max: 3, call: between},
	{Name: "count_of", Category: "text", Signature: "count_of(text, part)", Doc: "Counts how often part occurs in text.", Example: `count_of("banana", "an")`, Result: `2`, min: 2, max: 2, call: func(a *args) any { return strings.Count(a.text(0), a.text(1)) }},
	{Name: "normalize_space", Category: "text", Signature: "normalize_space(text)", Doc: "Trims text and makes every run of white space one space.", Example: `normalize_space(" a \n b ")`, Result: `"a b"`, min: 1, max: 1, call: mapText(func(s string) string { return strings.Join(strings.Fields(s), " ") })},
	{Name: "chars", Category: "text", Signature: "chars(text)", Doc: "Cuts text into its characters.", Example: `chars("aé")`, Result: `["a","é"]`, min: 1, max: 1, call: charList},
	{Name: "is_blank", Category: "text", Signature: "is_blank(value)", Doc: "Tells whether value is nil or text of nothing but white space.", Example: `is_blank(" ")`, Result: `true`, min: 1, max: 1, call: func(a *args) any {
		s, ok := a.v[0].(string)
		return a.v[0] == nil || ok && strings.TrimSpace(s) == ""
	}},
}

// mapText lifts a function whose result is at most three times its input.
func mapText(f func(string) string) func(*args) any {
	return func(a *args) any {
		s := a.text(0)
		a.spend(20 * len(s))
		if !a.room(len(s)) {
			return nil
		}
		out := f(s)
		a.room(len(out) - min(len(s), len(out)))
		return out
	}
}

func trim(space func(string) string, cut func(s, chars string) string) func(*args) any {
	return func(a *args) any {
		s := a.text(0)
		if !a.has(1) {
			return space(s)
		}
		chars := a.text(1)
		if len(chars) > 1000 {
			return a.failf("trim takes at most 1000 characters to remove")
		}
		a.spend(len(s) * (len(chars)/8 + 1))
		if a.err != nil {
			return nil
		}
		return cut(s, chars)
	}
}

func split3(a *args) any {
	s, sep, n := a.text(0), a.text(1), a.intOr(2, -1)
	pieces := strings.Count(s, sep) + 1
	if n > 0 {
		pieces = min(pieces, n)
	}
	if !a.room(2 * slotBytes * pieces) {
		return nil
	}
	return plainList(strings.SplitN(s, sep, max(n, -1)))
}

func splitLines(a *args) any {
	s := strings.ReplaceAll(a.text(0), "\r\n", "\n")
	s = strings.TrimSuffix(s, "\n")
	if !a.room(len(s) + 2*slotBytes*(strings.Count(s, "\n")+1)) {
		return nil
	}
	if s == "" {
		return []any{}
	}
	return plainList(strings.Split(s, "\n"))
}

func charList(a *args) any {
	s := a.text(0)
	if !a.room(2 * slotBytes * utf8.RuneCountInString(s)) {
		return nil
	}
	return plainList(strings.Split(s, ""))
}

func replaceText(a *args) any {
	s, old, with, n := a.text(0), a.text(1), a.text(2), a.intOr(3, -1)
	found := strings.Count(s, old)
	if n >= 0 {
		found = min(found, n)
	}
	if !a.room(len(s)) || !a.product(found, len(with)) {
		return nil
	}
	return strings.Replace(s, old, with, n)
}

// product counts n pieces of size bytes and cannot overflow.
func (a *args) product(n, size int) bool {
	if n > 0 && size > maxMemory/n {
		return a.room(maxMemory + 1)
	}
	return a.room(n * size)
}

func repeatText(a *args) any {
	s, n := a.text(0), a.int(1)
	if n < 0 {
		return a.failf("repeat needs 0 or more times, not %d", n)
	}
	if !a.product(n, len(s)) || s == "" {
		return ""
	}
	return strings.Repeat(s, n)
}

func pad(start bool) func(*args) any {
	return func(a *args) any {
		s, width, fill := a.text(0), a.int(1), a.textOr(2, " ")
		missing := width - utf8.RuneCountInString(s)
		if missing <= 0 || a.err != nil {
			return s
		}
		if fill == "" {
			return a.failf("the fill of a pad must not be empty")
		}
		runes := utf8.RuneCountInString(fill)
		times := missing/runes + 1
		if !a.product(times, len(fill)) || !a.room(len(s)) {
			return nil
		}
		filler := cutRunes(strings.Repeat(fill, times), missing)
		if start {
			return filler + s
		}
		return s + filler
	}
}

// cutRunes gives the first n characters of s.
func cutRunes(s string, n int) string {
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func truncate(a *args) any {
	s, width, ending := a.text(0), a.int(1), a.textOr(2, "…")
	if width < 0 {
		return a.failf("truncate needs a width of 0 or more")
	}
	if len(s) <= width || utf8.RuneCountInString(s) <= width {
		return s
	}
	room := width - utf8.RuneCountInString(ending)
	if room < 0 {
		return cutRunes(s, width)
	}
	if !a.room(len(s) + len(ending)) {
		return nil
	}
	return cutRunes(s, room) + ending
}

func substring(a *args) any {
	s, from, n := a.text(0), a.int(1), a.intOr(2, maxMemory)
	if from < 0 {
		from = max(0, from+utf8.RuneCountInString(s))
	}
	head := cutRunes(s, from)
	return cutRunes(s[len(head):], n)
}

func between(a *args) any {
	s, start, end := a.text(0), a.text(1), a.text(2)
	_, rest, ok := strings.Cut(s, start)
	if !ok {
		return ""
	}
	inner, _, ok := strings.Cut(rest, end)
	if !ok {
		return ""
	}
	return inner
}
