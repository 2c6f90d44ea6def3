package browser

import (
	"regexp"

	"github.com/aether-rpa/aether/selector"
)

// How much harm an action on a wrong element does.
const (
	harmless  = iota
	risky     // it sends, pays, deletes: more certainty is asked for
	secretive // credentials and payment: a person decides
)

var (
	// Words of buttons that do what cannot be taken back.
	sending  = saying(`submit|send|confirm|approve|release|book|post|sign|publish|absenden|abschicken|senden|bestätigen|freigeben|genehmigen|buchen|envoyer|confirmer|enviar|confirmar|invia|conferma`)
	paying   = saying(`pay|buy|order|check ?out|purchase|transfer|zahlen|bezahlen|kaufen|bestellen|überweisen|payer|acheter|commander|virer|pagar|comprar|pedir|paga|acquista|ordina`)
	deleting = saying(`delete|remove|erase|discard|cancel|terminate|close account|löschen|entfernen|stornieren|kündigen|verwerfen|supprimer|annuler|eliminar|borrar|cancelar|elimina|annulla`)
	// private are words of fields that hold credentials or means of payment.
	private = regexp.MustCompile(`(?i)(pass(word|wort|code|phrase)|kennwort|mot de passe|contraseña|\bpwd\b|\bpin\b|\botp\b|\bcvv\b|\bcvc\b|security code|card ?-?_?(number|no\b|holder)|kartennummer|kreditkarte|credit ?-?_?card|\biban\b|account ?-?_?number|kontonummer)`)
	// changing are the actions that change a field.
	changing = map[string]bool{"fill": true, "type": true, "select": true, "check": true, "upload": true, "press": true, "drop": true}
	// pressing are those that press.
	pressing = map[string]bool{"click": true, "check": true, "press": true, "drag": true, "drop": true}
)

// delicate says how much harm an action on a wrong element in place of this one does.
func delicate(action string, p *selector.Print) int {
	field := p.Tag == "input" || p.Tag == "textarea" || p.Tag == "select" || p.Role == "textbox"
	switch {
	case p.Type == "password" && action != "read":
		return secretive
	case field && changing[action] && private.MatchString(p.Name+"\n"+p.Label+"\n"+p.Placeholder+"\n"+p.NameAttr+"\n"+p.ID):
		return secretive
	case action == "upload":
		return risky
	case pressing[action] && (p.Type == "submit" || p.Type == "image"):
		return risky
	case pressing[action] && (sending.MatchString(words(p)) || paying.MatchString(words(p)) || deleting.MatchString(words(p))):
		return risky
	}
	return harmless
}

// escalates says that what was found pays or deletes, and what it was did not: Save customer is not healed to Delete
// customer.
func escalates(action string, known, found *selector.Print) bool {
	if !pressing[action] || found == nil {
		return false
	}
	for _, word := range []*regexp.Regexp{paying, deleting} {
		if word.MatchString(words(found)) && !word.MatchString(words(known)) {
			return true
		}
	}
	return false
}

// words are what an element is called by.
func words(p *selector.Print) string { return p.Name + "\n" + p.Text + "\n" + p.Title }

// saying finds whole words in any case.
func saying(list string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[^\pL])(` + list + `)([^\pL]|$)`)
}
