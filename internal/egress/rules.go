package egress

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/glob"
)

type rules struct {
	allow, deny  ruleSet
	allowPrivate bool
	proxy        *url.URL
	resolver     *net.Resolver
}

// rule is one entry of a policy: a network, or a host name.
type rule struct {
	text string
	net  netip.Prefix // valid for an IP or a network
	host string       // lower case, no final dot; may hold *
	port string       // "" means any
}

type ruleSet []rule

func compile(p Policy) (*rules, error) {
	r := &rules{allowPrivate: p.AllowPrivate, resolver: p.Resolver}
	var err error
	if r.allow, err = parseRules(p.Allow); err != nil {
		return nil, err
	}
	if r.deny, err = parseRules(p.Deny); err != nil {
		return nil, err
	}
	if p.Proxy != "" {
		u, err := url.Parse(p.Proxy)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("the proxy must be a URL like http://proxy.example.com:3128")
		}
		r.proxy = u
	}
	return r, nil
}

func parseRules(list []string) (ruleSet, error) {
	var out ruleSet
	for _, s := range list {
		r, err := parseRule(strings.TrimSpace(s))
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func parseRule(s string) (rule, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		bits := p.Bits()
		if p.Addr().Is4In6() {
			if bits < 96 {
				return rule{}, fmt.Errorf("the egress rule %q mixes IPv4 and IPv6", s)
			}
			bits -= 96
		}
		return rule{text: s, net: netip.PrefixFrom(p.Addr().Unmap(), bits).Masked()}, nil
	}
	host, port := s, ""
	if _, err := netip.ParseAddr(s); err != nil {
		if h, p, err := net.SplitHostPort(s); err == nil {
			host, port = h, p
			if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
				return rule{}, fmt.Errorf("the egress rule %q has no valid port", s)
			}
		}
	}
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		ip = ip.Unmap().WithZone("")
		return rule{text: s, net: netip.PrefixFrom(ip, ip.BitLen()), port: port}, nil
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "" || strings.ContainsAny(host, "/:@[] \t\\?#") {
		return rule{}, fmt.Errorf("the egress rule %q is not a host, an IP or a network; write it like *.example.com, 10.0.0.0/8 or example.com:443", s)
	}
	return rule{text: s, host: host, port: port}, nil
}

func (r rule) matchesName(host, port string) bool {
	return r.host != "" && (r.port == "" || r.port == port) && glob.Match(r.host, host)
}

func (r rule) matchesIP(ip netip.Addr, port string) bool {
	return r.net.IsValid() && (r.port == "" || r.port == port) && r.net.Contains(ip)
}

func (s ruleSet) name(host, port string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, r := range s {
		if r.matchesName(host, port) {
			return true
		}
	}
	return false
}

// checkName judges a host before it is resolved.
func (r *rules) checkName(host, port string) error {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	named := len(r.allow) == 0
	for _, d := range r.deny {
		if d.matchesName(name, port) {
			return &DeniedError{Host: host, Rule: "the deny rule " + d.text}
		}
	}
	for _, a := range r.allow {
		named = named || a.net.IsValid() || a.matchesName(name, port)
	}
	if !named {
		return &DeniedError{Host: host, Rule: "no allow rule names it"}
	}
	return nil
}

// check judges a connection to ip that was asked for as host.
func (r *rules) check(host, port string, ip netip.Addr) error {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	ip = ip.Unmap().WithZone("")
	refuse := func(rule string) error { return &DeniedError{Host: host, IP: ip.String(), Rule: rule} }
	// An address may carry another one; both must be allowed.
	addrs := []netip.Addr{ip}
	if v4, ok := embedded(ip); ok {
		addrs = append(addrs, v4)
	}
	for _, a := range addrs {
		for _, d := range r.deny {
			if d.matchesName(name, port) || d.matchesIP(a, port) {
				return refuse("the deny rule " + d.text)
			}
		}
		allowed, exactIP, exactName := len(r.allow) == 0, false, false
		for _, w := range r.allow {
			byIP, byName := w.matchesIP(a, port), w.matchesName(name, port)
			allowed = allowed || byIP || byName
			exactIP = exactIP || byIP
			exactName = exactName || byName && !strings.Contains(w.host, "*")
		}
		if !allowed {
			return refuse("no allow rule names it")
		}
		if why := specialUse(a); why != "" && !exactIP {
			return refuse(why)
		}
		if isPrivate(a) && !r.allowPrivate && !exactIP && !exactName {
			return refuse("it is in a private network; set egress.allow_private or name the host in egress.allow if flows may use it")
		}
	}
	return nil
}
