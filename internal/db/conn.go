package db

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgxpool"
)

// tellEnds makes the end of a connection in the middle of an answer a network
// error. As it comes from pgx, unexpected EOF, it is nothing that the durable
// engine tries again, so a server that goes away at such a moment would cut a
// run short.
func tellEnds(cfg *pgxpool.Config) {
	dial := cfg.ConnConfig.DialFunc
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &endTeller{c}, nil
	}
}

type endTeller struct{ net.Conn }

// Read implements net.Conn.
func (c *endTeller) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		err = &net.OpError{Op: "read", Net: c.RemoteAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: io.EOF}
	}
	return n, err
}
