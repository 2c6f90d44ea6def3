package archive

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // WinZip's format is made of it
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
)

// methodAES marks an entry encrypted as WinZip does: a salt, two bytes to see a
// wrong password early, the data in counter mode, and ten bytes of HMAC.
const methodAES = 99

var (
	errPassword = errors.New("the password is wrong")
	errForged   = errors.New("it was changed, or the password is wrong")
)

// aesKeys derives the keys of WinZip's format.
func aesKeys(password string, salt []byte, size int) (key, mac, check []byte, err error) {
	all, err := pbkdf2.Key(sha1.New, password, salt, 1000, 2*size+2)
	if err != nil {
		return nil, nil, nil, err
	}
	return all[:size], all[size : 2*size], all[2*size:], nil
}

// littleCTR is counter mode with a counter that grows from its first byte; the
// one of the standard library grows from the last.
type littleCTR struct {
	block   cipher.Block
	counter uint64
	pad     [aes.BlockSize]byte
	used    int
}

func newLittleCTR(key []byte) (*littleCTR, error) {
	b, err := aes.NewCipher(key)
	return &littleCTR{block: b, used: aes.BlockSize}, err
}

func (c *littleCTR) xor(dst, src []byte) {
	for len(src) > 0 {
		if c.used == aes.BlockSize {
			c.counter++
			c.pad = [aes.BlockSize]byte{}
			binary.LittleEndian.PutUint64(c.pad[:], c.counter)
			c.block.Encrypt(c.pad[:], c.pad[:])
			c.used = 0
		}
		n := subtle.XORBytes(dst, src, c.pad[c.used:])
		c.used += n
		dst, src = dst[n:], src[n:]
	}
}

// lock encrypts what is written to it.
type lock struct {
	w   io.Writer
	ctr *littleCTR
	mac hash.Hash
	buf []byte
}

func newLock(w io.Writer, password string, random io.Reader) (*lock, error) {
	salt := make([]byte, 16)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	key, mac, check, err := aesKeys(password, salt, 32)
	if err != nil {
		return nil, err
	}
	l := &lock{w: w, mac: hmac.New(sha1.New, mac)}
	if l.ctr, err = newLittleCTR(key); err != nil {
		return nil, err
	}
	_, err = w.Write(append(salt, check...))
	return l, err
}

// Write implements io.Writer.
func (l *lock) Write(p []byte) (int, error) {
	l.buf = append(l.buf[:0], p...)
	l.ctr.xor(l.buf, l.buf)
	_, _ = l.mac.Write(l.buf)
	return l.w.Write(l.buf)
}

// Close writes the HMAC.
func (l *lock) Close() error {
	_, err := l.w.Write(l.mac.Sum(nil)[:10])
	return err
}

// unlock decrypts an AES entry of size bytes. Its end is reached only if the
// HMAC is right.
type unlock struct {
	r, data io.Reader
	ctr     *littleCTR
	mac     hash.Hash
	end     error // of the data, once it is reached
}

func newUnlock(r io.Reader, size int64, strength byte, password string) (io.Reader, error) {
	if strength < 1 || strength > 3 {
		return nil, errors.New("it is encrypted in an unknown way")
	}
	head := make([]byte, 4+4*int(strength)+2)
	body := size - int64(len(head)) - 10
	if _, err := io.ReadFull(r, head); err != nil || body < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	salt, want := head[:len(head)-2], head[len(head)-2:]
	key, mac, check, err := aesKeys(password, salt, 8+8*int(strength))
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(check, want) != 1 {
		return nil, errPassword
	}
	u := &unlock{r: r, data: io.LimitReader(r, body), mac: hmac.New(sha1.New, mac)}
	u.ctr, err = newLittleCTR(key)
	return u, err
}

// Read implements io.Reader.
func (u *unlock) Read(p []byte) (int, error) {
	if u.end != nil {
		return 0, u.end
	}
	n, err := u.data.Read(p)
	_, _ = u.mac.Write(p[:n])
	u.ctr.xor(p[:n], p[:n])
	if err == io.EOF {
		sum := make([]byte, 10)
		if _, bad := io.ReadFull(u.r, sum); bad != nil || !hmac.Equal(sum, u.mac.Sum(nil)[:10]) {
			err = errForged
		}
		u.end = err
	}
	return n, err
}

// oldCipher is the cipher of PKZIP. It is broken; it is read because people are
// sent such files, and never written.
type oldCipher struct {
	r    io.Reader
	keys [3]uint32
}

// newOldCipher takes off the twelve bytes before the data, the last of which
// must be check.
func newOldCipher(r io.Reader, password string, check byte) (io.Reader, error) {
	c := &oldCipher{r: r, keys: [3]uint32{0x12345678, 0x23456789, 0x34567890}}
	for i := range len(password) {
		c.update(password[i])
	}
	head := make([]byte, 12)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if head[11] != check {
		return nil, errPassword
	}
	return c, nil
}

func (c *oldCipher) update(b byte) {
	c.keys[0] = crc32.IEEETable[byte(c.keys[0])^b] ^ c.keys[0]>>8
	c.keys[1] = (c.keys[1]+c.keys[0]&0xff)*134775813 + 1
	c.keys[2] = crc32.IEEETable[byte(c.keys[2])^byte(c.keys[1]>>24)] ^ c.keys[2]>>8
}

// Read implements io.Reader.
func (c *oldCipher) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i := range p[:n] {
		t := c.keys[2] | 2
		p[i] ^= byte(t * (t ^ 1) >> 8)
		c.update(p[i])
	}
	return n, err
}
