package calendar

import (
	"fmt"
	"strings"
)

// words are the names of months and weekdays (Sunday first) of one language.
type words struct {
	months, shortMonths, days, shortDays []string
}

// Languages lists the languages that month names can be read and written in.
var Languages = []string{"en", "de", "fr", "es"}

var languages = map[string]words{
	"en": {
		split("January February March April May June July August September October November December"),
		split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
		split("Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
		split("Sun Mon Tue Wed Thu Fri Sat"),
	},
	"de": {
		split("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		split("Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"),
		split("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"),
		split("So Mo Di Mi Do Fr Sa"),
	},
	"fr": {
		split("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		split("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
		split("dimanche lundi mardi mercredi jeudi vendredi samedi"),
		split("dim. lun. mar. mer. jeu. ven. sam."),
	},
	"es": {
		split("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		split("ene feb mar abr may jun jul ago sept oct nov dic"),
		split("domingo lunes martes miércoles jueves viernes sábado"),
		split("dom lun mar mié jue vie sáb"),
	},
}

// moreMonths are further spellings, to be read but never written.
var moreMonths = map[string]int{
	"sept": 9, "sep": 9, "maerz": 3, "mrz": 3, "jän": 1, "jänner": 1, "feber": 2, "fevrier": 2, "fev": 2, "fév": 2, "aout": 8, "decembre": 12, "dec": 12,
	"setiembre": 9, "set": 9, "jui": 6, "juill": 7, "avril": 4, "ag": 8,
}

var moreDays = map[string]int{"sonnabend": 6, "tues": 2, "wednes": 3, "thur": 4, "thurs": 4, "sabado": 6, "miercoles": 3}

func split(s string) []string { return strings.Fields(s) }

func wordsOf(language string) (words, error) {
	if language == "" {
		language = "en"
	}
	w, ok := languages[strings.ToLower(language)]
	if !ok {
		return w, fmt.Errorf("there are no month names in %q; there are %s", language, strings.Join(Languages, ", "))
	}
	return w, nil
}

// monthNames and dayNames hold all spellings of all languages in lower case
// and without a final dot.
var monthNames, dayNames = func() (m, d map[string]int) {
	m, d = map[string]int{}, map[string]int{}
	for k, v := range moreMonths {
		m[k] = v
	}
	for k, v := range moreDays {
		d[k] = v
	}
	for _, w := range languages {
		for i := range 12 {
			m[plainName(w.months[i])], m[plainName(w.shortMonths[i])] = i+1, i+1
		}
		for i := range 7 {
			d[plainName(w.days[i])], d[plainName(w.shortDays[i])] = i, i
		}
	}
	return m, d
}()

func plainName(s string) string { return strings.TrimSuffix(strings.ToLower(s), ".") }

// readName reads the longest known name at the start of s, and a dot after it.
func readName(s string, names map[string]int) (n int, rest string, ok bool) {
	end := 0
	for i, r := range s {
		if !isLetter(r) {
			break
		}
		end = i + len(string(r))
	}
	n, ok = names[strings.ToLower(s[:end])]
	return n, strings.TrimPrefix(s[end:], "."), ok
}

func isLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xc0 && r < 0x250
}
