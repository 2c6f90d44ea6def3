package remote

import "testing"

func TestAnnounces(t *testing.T) {
	for entry, want := range map[string]string{
		"send!intent":               "send",
		"send#2!intent3":            "send#2",
		"each[2]/send!intent":       "each[2]/send",
		"each[2]/send":              "",
		"send":                      "",
		"send!decision1":            "",
		"a!intent/send":             "",
		"call[1]/each[0]/s!intent2": "call[1]/each[0]/s",
	} {
		if got, ok := announces(entry); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", entry, got, ok, want)
		}
	}
}
