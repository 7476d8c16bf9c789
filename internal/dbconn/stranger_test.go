package dbconn_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ovn-kubernetes/libovsdb/client"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

// stranger says the same to everybody who connects, and then reads on.
func stranger(t *testing.T, says string) string {
	t.Helper()
	path := filepath.Join(servers.Dir(t), "s")
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(says))
			swallow(c)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "unix:" + path
}

func TestStranger_IsToldFromAServerAndQuoted(t *testing.T) {
	for says, quoted := range map[string]string{
		`{"error":"404 page not found"}`:                    `404 page not found`,
		"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n": `HTTP/1.1 400 Bad Request\r\n`,
		`[]`:                                    `[]`,
		`null`:                                  `null`,
		`{}`:                                    `{}`,
		`{"id":null,"result":1}`:                `result`,
		`{"id":1,"result":null}`:                `result`,
		`{"id":77,"result":[]}`:                 `77`,
		`{"id":1,"id":null,"result":[]}`:        `null`,
		`{"ID":1,"result":[]}`:                  `ID`,
		`{"\u0069d":1,"result":[]}`:             `0069d`,
		`{"method":"","params":[]}`:             `method`,
		`{"method":"update2"}`:                  `update2`,
		`{"method":"echo","params":{}}`:         `echo`,
		`{"method":"update2","params":[]}`:      `update2`,
		"\x1b[31m" + strings.Repeat("x", 1<<20): `\x1b[31mxxx`,
		`{"a":` + strings.Repeat("[", 1<<16):    `[[[[`,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), slack)
		_, err := dbconn.Dial(ctx, bridgeModel(t), dbconn.Options{Endpoint: stranger(t, says), Probe: patient})
		cancel()
		if !errors.Is(err, dbconn.ErrNotOVSDB) || !strings.Contains(err.Error(), strings.ReplaceAll(quoted, `"`, `\"`)) &&
			!strings.Contains(err.Error(), quoted) ||
			len(err.Error()) > 600 {
			t.Errorf("%.40q: %v, want ErrNotOVSDB and a quotation", says, err)
		}
	}
}

// monitorAnswered connects to a server that answers the monitor so.
func monitorAnswered(t *testing.T, answer string) error {
	t.Helper()
	c := dial(t, fakeServer(t, func(m message, out *json.Encoder) bool {
		if m.Method != "monitor_cond" {
			return true
		}
		_ = out.Encode(message{ID: m.ID, Result: json.RawMessage(answer)})
		return false
	}))
	b := &bridge{}
	err := c.Monitor(t.Context(), c.NewMonitor(client.WithTable(b, &b.Name, &b.ExternalIDs)))
	closeInTime(t, c)
	return err
}

const someRow = "6e7f5f0e-3b43-4a4f-9f0d-3f6a86b4a001"

func TestConn_WhatIsNotInOVSDBsNotationEndsIt(t *testing.T) {
	for _, value := range []string{
		`[]`, `["set"]`, `["set",1]`, `["set",[[]]]`, `["set",[null]]`, `["map"]`, `["map",1]`, `["map",[1]]`, `["map",[["a"]]]`,
		`["map",[[["set",[]],"a"]]]`, `["map",[[{},1]]]`, `["uuid"]`, `["uuid",1]`, `["named-uuid"]`, `["\u0073et"]`, `null`, `{}`, `[1]`,
	} {
		err := monitorAnswered(t, `{"Bridge":{"`+someRow+`":{"initial":{"name":`+value+`}}}}`)
		if !errors.Is(err, dbconn.ErrNotOVSDB) {
			t.Errorf("a column of %s: %v, want ErrNotOVSDB", value, err)
		}
	}
	for _, updates := range []string{`[]`, `1`, `{"Bridge":[]}`, `{"Bridge":{"` + someRow + `":null}}`,
		`{"Bridge":{"` + someRow + `":{"initial":[]}}}`} {
		if err := monitorAnswered(t, updates); !errors.Is(err, dbconn.ErrNotOVSDB) {
			t.Errorf("updates %s: %v, want ErrNotOVSDB", updates, err)
		}
	}
	if err := monitorAnswered(t, `{"Bridge":{"`+someRow+`":{"initial":{"name":"br","external_ids":["map",[["a","b"]]]}}}}`); err != nil {
		t.Errorf("what is in the notation: %v", err)
	}
}

func TestConn_AMessageLargerThanTheBoundEndsIt(t *testing.T) {
	start := time.Now()
	err := monitorAnswered(t, `{"Bridge":{"`+someRow+`":{"initial":{"name":"`+strings.Repeat("y", 33<<20)+`"}}}}`)
	named := regexp.MustCompile(`unix:/\S+ sent a message of more than 16777216 bytes`)
	if !errors.Is(err, dbconn.ErrTooLargeMessage) || !named.MatchString(err.Error()) {
		t.Errorf("%v, want ErrTooLargeMessage and the name of the server", err)
	}
	t.Logf("after %v: %v", time.Since(start), err)
}

func TestConn_AValueOfAMegabyteIsRead(t *testing.T) {
	d := servers.OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-int")
	c := dial(t, d.Endpoint)
	monitorBridges(t, c)
	long := strings.Repeat("y", 1<<20-100)
	const pieces = 10 // an argument of a command has 128 kB at most
	for i := range pieces {
		d.Ctl(t, "set", "bridge", "br-int", "external_ids:k"+string(rune('a'+i))+"="+long[:len(long)/pieces])
	}
	servers.Until(t, "the cache has it", func() bool {
		for _, b := range dbconn.Rows[*bridge](c, "Bridge") {
			return len(b.ExternalIDs) == pieces
		}
		return false
	})
	again := dial(t, d.Endpoint)
	monitorBridges(t, again)
	for _, b := range dbconn.Rows[*bridge](again, "Bridge") {
		if len(b.ExternalIDs) != pieces || len(b.ExternalIDs["ka"]) != len(long)/pieces {
			t.Errorf("%d of %d pieces", len(b.ExternalIDs), pieces)
		}
	}
}
