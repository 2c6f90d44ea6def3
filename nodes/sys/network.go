package sys

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[networksIn, networksOut]{
		Type:   "sys.list_networks",
		Title:  "List networks",
		Doc:    "Returns the network interfaces of this computer with their addresses. The address under which the internet sees it is not among them when there is a router between.",
		Effect: node.Read,
		Examples: []node.Example[networksIn, networksOut]{{
			Title: "With the loopback interface",
			In:    networksIn{Loopback: true},
			Check: func(o networksOut) error {
				if len(o.Networks) == 0 {
					return errors.New("there is no interface")
				}
				return nil
			},
		}},
		Run: listNetworks,
	})
	node.Register(node.Spec[checkPortIn, checkPortOut]{
		Type:  "sys.check_port",
		Title: "Check TCP port",
		Doc: "Tells whether a computer accepts connections on a TCP port and how long that takes. " +
			"Nothing is sent. With wait it looks until the port is open, for instance after starting a server.",
		Effect: node.Read,
		Examples: []node.Example[checkPortIn, checkPortOut]{{
			Title: "A port where nobody listens",
			In:    checkPortIn{Host: "127.0.0.1", Port: 1},
			Check: func(o checkPortOut) error {
				if o.Open || o.Reason == "" {
					return errors.New("expected a reason")
				}
				return nil
			},
		}},
		Run: checkPort,
	})
}

type networksIn struct {
	Loopback bool `json:"loopback" doc:"Also the interface of the computer with itself."`
	Down     bool `json:"down" doc:"Also interfaces that are switched off."`
}

type networksOut struct {
	Networks []any  `json:"networks" doc:"Maps of name, mac, up, loopback and addresses, a list of maps of ip, prefix (its length in bits) and version (4 or 6)."`
	IP       string `json:"ip" doc:"The first address others can reach, IPv4 before IPv6; empty when there is none."`
}

func listNetworks(_ context.Context, _ *node.Env, in networksIn) (out networksOut, err error) {
	list, err := net.Interfaces()
	if err != nil {
		return out, err
	}
	out.Networks = []any{}
	var four, six string
	for _, i := range list {
		up, loop := i.Flags&net.FlagUp != 0, i.Flags&net.FlagLoopback != 0
		addrs, err := i.Addrs()
		if err != nil || loop && !in.Loopback || !up && !in.Down {
			continue
		}
		m := map[string]any{"name": i.Name, "mac": i.HardwareAddr.String(), "up": up, "loopback": loop}
		ips := []any{}
		for _, a := range addrs {
			p, err := netip.ParsePrefix(a.String())
			if err != nil {
				continue
			}
			version := 6
			if p.Addr().Is4() {
				version = 4
			}
			ips = append(ips, map[string]any{"ip": p.Addr().String(), "prefix": p.Bits(), "version": version})
			if !up || !p.Addr().IsGlobalUnicast() {
				continue
			}
			if version == 4 && four == "" {
				four = p.Addr().String()
			} else if version == 6 && six == "" {
				six = p.Addr().String()
			}
		}
		m["addresses"] = ips
		out.Networks = append(out.Networks, m)
	}
	if out.IP = four; four == "" {
		out.IP = six
	}
	return out, nil
}

type checkPortIn struct {
	Host     string        `json:"host" is:"required" doc:"Name or address of the computer."`
	Port     int           `json:"port" is:"required" min:"1" max:"65535" doc:"Number of the port."`
	Timeout  time.Duration `json:"timeout" default:"5s" min:"0.001" doc:"How long one try may take."`
	Wait     time.Duration `json:"wait" default:"0s" min:"0" doc:"How long to go on trying until the port is open; 0 tries once."`
	Interval time.Duration `json:"interval" default:"500ms" min:"0.01" is:"advanced" doc:"Pause between tries."`
	Required bool          `json:"required" doc:"Fail when the port is not open."`
}

type checkPortOut struct {
	Open   bool    `json:"open" doc:"Whether a connection was accepted."`
	Millis float64 `json:"millis" doc:"How long that took, in milliseconds."`
	IP     string  `json:"ip" doc:"The address that answered."`
	Reason string  `json:"reason" doc:"Why it is not open, in a word: refused, timeout, unknown_host or unreachable."`
}

// dialer is implemented by HTTP transports that lend out their way of making
// connections, and with it their rules on where these may go.
type dialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialOf returns the dialling function of the client that nodes must use.
func dialOf(c *http.Client) dialFunc {
	switch t := c.Transport.(type) {
	case *http.Transport:
		if t.DialContext != nil {
			return t.DialContext
		}
	case dialer:
		return t.DialContext
	}
	return new(net.Dialer).DialContext
}

func checkPort(ctx context.Context, env *node.Env, in checkPortIn) (out checkPortOut, err error) {
	var last error
	dial := dialOf(env.HTTP)
	addr := net.JoinHostPort(in.Host, strconv.Itoa(in.Port))
	once := func() (bool, error) {
		inner, cancel := context.WithTimeout(ctx, in.Timeout)
		defer cancel()
		began := env.Now()
		conn, err := dial(inner, "tcp", addr)
		if err != nil {
			var denied interface{ Denied() bool }
			if errors.As(err, &denied) && denied.Denied() {
				return false, node.Fail(node.KindDenied, sentence(err), "allow the address in the egress settings if the flow may reach it")
			}
			last = err
			return false, nil
		}
		defer conn.Close()
		out.Open, out.Millis = true, float64(env.Now().Sub(began).Microseconds())/1000
		if ap, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
			out.IP = ap.Addr().Unmap().String()
		}
		return true, nil
	}
	if in.Wait > 0 {
		_, err = poll(ctx, in.Wait, in.Interval, once)
	} else {
		_, err = once()
	}
	if err != nil || out.Open {
		return out, err
	}
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	out.Reason = reason(last)
	if in.Required {
		return out, node.Fail(node.KindNetwork, "Nobody answers at "+addr+": "+out.Reason+".", "see that the program there runs and that no firewall is between")
	}
	return out, nil
}

func reason(err error) string {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "unknown_host"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case isRefused(err):
		return "refused"
	}
	return "unreachable"
}
