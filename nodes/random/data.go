package random

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[dateIn, dateOut]{
		Type: "random.date", Title: "Random date", Effect: node.Read,
		Doc: "Draws a day between two days, both included, or a second between two times.",
		Examples: []node.Example[dateIn, dateOut]{
			{Title: "A day of 2026", In: dateIn{From: "2026-01-01", To: "2026-12-31"}, Check: func(out dateOut) error {
				if len(out.Date) != 10 || out.Date[:4] != "2026" {
					return fmt.Errorf("got %s", out.Date)
				}
				return nil
			}},
			{Title: "A fixed time", In: dateIn{From: "2026-01-01T08:00:00+01:00", To: "2026-01-01T08:00:00+01:00"}, Out: dateOut{Date: "2026-01-01T08:00:00+01:00"}},
		},
		Run: drawDate,
	})
	node.Register(node.Spec[personIn, personOut]{
		Type: "random.person", Title: "Invented person", Effect: node.Read,
		Doc: "Invents a person with name, e-mail address, phone number and address, for tests. Addresses of mail end in example.com and phone numbers are from the range kept for fiction, so that nobody is reached.",
		Examples: []node.Example[personIn, personOut]{
			{Title: "A customer", In: personIn{}, Check: func(out personOut) error {
				if out.Name != out.First+" "+out.Last || !strings.HasSuffix(out.Email, "@example.com") {
					return fmt.Errorf("got %+v", out)
				}
				return nil
			}},
		},
		Run: person,
	})
	node.Register(node.Spec[loremIn, textOut]{
		Type: "random.lorem", Title: "Filler text", Effect: node.Read,
		Doc: "Writes meaningless Latin words, sentences or paragraphs, for tests.",
		Examples: []node.Example[loremIn, textOut]{
			{Title: "Five words", In: loremIn{Unit: "words", Count: 5}, Check: func(out textOut) error {
				if n := len(strings.Fields(out.Text)); n != 5 {
					return fmt.Errorf("got %d words", n)
				}
				return nil
			}},
		},
		Run: lorem,
	})
}

type dateIn struct {
	From string `json:"from" is:"required" doc:"First day or time, as 2026-01-31 or 2026-01-31T08:00:00Z."`
	To   string `json:"to" is:"required" doc:"Last day or time, in the same form."`
}

type dateOut struct {
	Date string `json:"date" doc:"The day or time, in the form of from."`
}

func drawDate(_ context.Context, env *node.Env, in dateIn) (dateOut, error) {
	layout, step := time.DateOnly, 24*time.Hour
	if len(in.From) > 10 {
		layout, step = time.RFC3339, time.Second
	}
	from, err := time.Parse(layout, in.From)
	if err != nil {
		return dateOut{}, node.Fail(node.KindInput, fmt.Sprintf("from is %.40q, not a date", in.From), "write 2026-01-31, or 2026-01-31T08:00:00Z")
	}
	to, err := time.Parse(layout, in.To)
	if err != nil {
		return dateOut{}, node.Fail(node.KindInput, fmt.Sprintf("to is %.40q, not a date of the same form as from", in.To), "write 2026-01-31, or 2026-01-31T08:00:00Z")
	}
	if to.Before(from) {
		return dateOut{}, node.Failf(node.KindInput, "to is %s, before from, which is %s", in.To, in.From)
	}
	// Durations end at 292 years, so whole seconds are counted instead.
	per := int64(step / time.Second)
	n, err := below(env, uint64((to.Unix()-from.Unix())/per)+1)
	if err != nil {
		return dateOut{}, err
	}
	at := time.Unix(from.Unix()+int64(n)*per, 0).In(from.Location())
	return dateOut{Date: at.Format(layout)}, nil
}

var (
	firstNames = strings.Fields("Ada Amir Anna Ben Carla Carlos Chen Clara David Elena Emma Erik Fatima Felix Grace Hana Hugo Ines Ivan Jack Julia Kofi Lara Leo Lin Lucas Maria Max Mia Nadia Noah Olga Omar Paul Priya Rosa Sam Sara Sofia Tom Uma Victor Wei Yara Yusuf Zoe")
	lastNames  = strings.Fields("Adams Ahmed Alvarez Bauer Berg Brown Chen Costa Diaz Dubois Evans Fischer Garcia Green Haas Hill Ito Jansen Jones Khan Kim Klein Kovacs Lee Lopez Martin Meyer Moreau Nagy Nowak Okafor Patel Petrov Quinn Rossi Sato Schmidt Silva Singh Smith Taylor Tran Vogel Wagner Weber Young Zhang")
	streets    = strings.Fields("Oak Maple Station Church Mill Park Garden Hill Lake River School Bridge Market Forest Castle")
	cities     = strings.Fields("Ashford Brookfield Clearwater Eastport Fairview Greenville Harbor Kingston Lakewood Milton Newport Oakdale Riverside Springfield Westbury")
	companies  = strings.Fields("Acme Globex Initech Umbrella Vandelay Hooli Stark Wonka Soylent Cyberdyne Aperture Tyrell")
	latin      = strings.Fields("lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat duis aute irure in reprehenderit voluptate velit esse cillum fugiat nulla pariatur excepteur sint occaecat cupidatat non proident sunt culpa qui officia deserunt mollit anim id est laborum")
)

type personIn struct{}

type personOut struct {
	First   string `json:"first" doc:"First name."`
	Last    string `json:"last" doc:"Family name."`
	Name    string `json:"name" doc:"First and family name."`
	Email   string `json:"email" doc:"E-mail address at example.com."`
	Phone   string `json:"phone" doc:"Phone number that does not exist."`
	Street  string `json:"street" doc:"Street and number."`
	City    string `json:"city" doc:"City."`
	Zip     string `json:"zip" doc:"Postal code of five digits."`
	Company string `json:"company" doc:"Name of a company."`
}

func person(_ context.Context, env *node.Env, _ personIn) (personOut, error) {
	d := drawer{env: env}
	p := personOut{First: d.word(firstNames), Last: d.word(lastNames)}
	p.Name = p.First + " " + p.Last
	p.Email = strings.ToLower(p.First+"."+p.Last) + fmt.Sprint(d.upTo(1000)) + "@example.com"
	p.Phone = fmt.Sprintf("+1 202 555 01%02d", d.upTo(100))
	p.Street = fmt.Sprintf("%d %s Street", 1+d.upTo(199), d.word(streets))
	p.City, p.Zip = d.word(cities), fmt.Sprintf("%05d", d.upTo(100000))
	p.Company = d.word(companies) + " Ltd"
	return p, d.err
}

// drawer keeps the first error, so that many draws read as one line each.
type drawer struct {
	env *node.Env
	err error
}

func (d *drawer) upTo(n int) int {
	if d.err != nil {
		return 0
	}
	var i int
	i, d.err = index(d.env, n)
	return i
}

func (d *drawer) word(list []string) string { return list[d.upTo(len(list))] }

type loremIn struct {
	Unit  string `json:"unit" default:"sentences" enum:"words,sentences,paragraphs" doc:"What to count."`
	Count int    `json:"count" default:"3" min:"1" max:"1000" doc:"How many of them."`
}

func lorem(_ context.Context, env *node.Env, in loremIn) (textOut, error) {
	d := drawer{env: env}
	sentence := func() string {
		words := make([]string, 6+d.upTo(9))
		for i := range words {
			words[i] = d.word(latin)
		}
		return capital(strings.Join(words, " ")) + "."
	}
	parts, sep := make([]string, max(in.Count, 0)), " "
	for i := range parts {
		switch in.Unit {
		case "words":
			parts[i] = d.word(latin)
		case "paragraphs":
			sep = "\n\n"
			sentences := make([]string, 3+d.upTo(4))
			for j := range sentences {
				sentences[j] = sentence()
			}
			parts[i] = strings.Join(sentences, " ")
		default:
			parts[i] = sentence()
		}
	}
	return textOut{Text: strings.Join(parts, sep)}, d.err
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
