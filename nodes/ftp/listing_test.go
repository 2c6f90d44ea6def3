package ftp

import (
	"fmt"
	"testing"
	"time"

	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/vault"
)

func secret(s string) vault.Secret { return vault.New(s) }

func TestListingLines(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p := parser{now: time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC), zone: zone}
	tests := []struct {
		mlsd       bool
		line, want string
	}{
		{true, "type=file;size=12;modify=20260102030405; a b.txt", "file a b.txt 12 2026-01-02T03:04:05Z -> "},
		{true, "Type=Dir;Modify=20260102030405.123;UNIX.mode=0755; d", "folder d -1 2026-01-02T03:04:05Z 0755 -> "},
		{true, "type=OS.unix=slink:/x/y;size=3; l", "link l 3 -> /x/y"},
		{true, "type=cdir; .", " 0 -> "},
		{true, "size=99999999999999999999;type=file; big", "file big -1 -> "},
		{true, "-rw-r--r-- 1 u g 5 Jan  2 03:04 x", "file x 5 2026-01-02T02:04:00Z 0644 -> "},
		{false, "-rw-r--r--   1 user Domain Users  123 Jan  2 03:04 my file.txt", "file my file.txt 123 2026-01-02T02:04:00Z 0644 -> "},
		{false, "-rw-r--r--. 1 0 0 5 Dec 31 23:59 selinux", "file selinux 5 2025-12-31T22:59:00Z 0644 -> "},
		{false, "drwxrwsr-x+ 12 user group 4096 Mar 11  2019 dir", "folder dir -1 2019-03-10T23:00:00Z 0775 -> "},
		{false, "lrwxrwxrwx 1 u g 7 Jan 2 2024 l -> ../to", "link l -1 2024-01-01T23:00:00Z 0777 -> ../to"},
		{false, "-rw-r--r-- 1 u 77 Jan 2 2024 nogroup", "file nogroup 77 2024-01-01T23:00:00Z 0644 -> "},
		{false, "-rw-r--r-- 1 u g 7 2024-01-02 10:00 iso", "file iso 7 2024-01-02T09:00:00Z 0644 -> "},
		{false, "-rw-r--r-- 1 u g 7 2. Dez 2024 deutsch", "file deutsch 7 2024-12-01T23:00:00Z 0644 -> "},
		{false, "-rw-r--r-- 1 u g 7 Feb 11 08:00 tomorrow", "file tomorrow 7 2026-02-11T07:00:00Z 0644 -> "},
		{false, "-rw-r--r-- 1 u g 7 Feb 20 08:00 last year", "file last year 7 2025-02-20T07:00:00Z 0644 -> "},
		{false, "-rw-r--r-- 1 u g 7 Foo 20 08:00 odd", "file odd 7 0644 -> "},
		{false, "crw-rw-rw- 1 root root 1, 3 Jan 2 2024 null", "other null -1 2024-01-01T23:00:00Z 0666 -> "},
		{false, "-rw-r--r-- 1 u g 7 Jan 2 2024  leading", "file  leading 7 2024-01-01T23:00:00Z 0644 -> "},
		{false, "total 12", " 0 -> "},
		{false, "01-02-26  03:04PM       <DIR>          My Folder", "folder My Folder -1 2026-01-02T14:04:00Z -> "},
		{false, "2026-01-02  15:04         1,234 file.txt", "file file.txt 1234 2026-01-02T14:04:00Z -> "},
		{false, "garbage", "unreadable"},
		{false, "", "unreadable"},
		{true, "type=file;size=1", "unreadable"},
	}
	for _, tt := range tests {
		p.mlsd = tt.mlsd
		e, ok := p.line(tt.line)
		got := "unreadable"
		if ok {
			got = fmt.Sprintf("%s %s %d", e.Kind, e.Name, e.Size)
			if e.Name == "" {
				got = fmt.Sprintf("%s %d", e.Name, e.Size)
			}
			if !e.Modified.IsZero() {
				got += " " + e.Modified.UTC().Truncate(time.Second).Format(time.RFC3339)
			}
			if e.Mode != nil {
				got += " " + remote.ModeText(*e.Mode)
			}
			got += " -> " + e.Target
		}
		if got != tt.want {
			t.Errorf("%q:\ngot  %q\nwant %q", tt.line, got, tt.want)
		}
	}
}

func FuzzListing(f *testing.F) {
	f.Add(true, "type=file;size=12;modify=20260102030405; a b.txt")
	f.Add(false, "-rw-r--r--   1 user Domain Users  123 Jan  2 03:04 my file.txt")
	f.Add(false, "01-02-26  03:04PM       <DIR>          My Folder")
	f.Add(false, "lrwxrwxrwx 1 u g 7 Jan 2 2024 l -> ../to")
	f.Fuzz(func(t *testing.T, mlsd bool, line string) {
		p := parser{now: time.Unix(1_800_000_000, 0), zone: time.UTC, mlsd: mlsd}
		e, ok := p.line(line)
		if ok && e.Size < -1 {
			t.Errorf("%q has the size %d", line, e.Size)
		}
	})
}
