package web

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

// matchText returns the test of a text: it contains what is wanted, equals it, or matches it as a regular expression.
// White space counts as a person sees it.
func matchText(want, how string) (func(string) bool, error) {
	if how == "regex" {
		re, err := regexp.Compile(want)
		if err != nil {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("%q is no regular expression: %v", want, err), "compare with contains or equals, or correct it")
		}
		return re.MatchString, nil
	}
	w := squeeze(want)
	if how == "equals" {
		return func(s string) bool { return squeeze(s) == w }, nil
	}
	return func(s string) bool { return strings.Contains(squeeze(s), w) }, nil
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// matchURL returns the test of an address. Between slashes a regular expression is meant; else * stands for any
// characters, and what begins with / is compared with the path.
func matchURL(want string) (func(string) bool, error) {
	if len(want) > 2 && strings.HasPrefix(want, "/") && strings.HasSuffix(want, "/") {
		re, err := regexp.Compile(want[1 : len(want)-1])
		if err != nil {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("%s is no regular expression: %v", want, err), "correct it, or write * for any characters")
		}
		return re.MatchString, nil
	}
	parts := strings.Split(want, "*")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	re, err := regexp.Compile("^" + strings.Join(parts, ".*") + "$")
	if err != nil {
		return nil, node.Failf(node.KindInput, "%q cannot be compared with an address: %v", want, err)
	}
	if !strings.HasPrefix(want, "/") {
		// A browser shows https://example.com/ for https://example.com.
		return func(s string) bool { return re.MatchString(s) || re.MatchString(strings.TrimSuffix(s, "/")) }, nil
	}
	return func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && (re.MatchString(u.Path) || re.MatchString(u.RequestURI()))
	}, nil
}

// reason is what kind of failure of a page an error is, "" for another error.
func reason(err error) string {
	var f *browser.Failure
	if errors.As(err, &f) {
		return f.Kind
	}
	return ""
}
