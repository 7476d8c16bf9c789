package api

import (
	"net/url"
	"testing"

	"pgregory.net/rapid"
)

func TestEscape_IsUndoneByURLParsing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := string(rapid.SliceOf(rapid.Byte()).Draw(t, "name"))
		u, err := url.Parse("http://localhost/v1/ports/" + escape(name))
		if err != nil {
			t.Fatal(err)
		}
		if u.Path != "/v1/ports/"+name || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("%q became path %q, query %q, fragment %q", name, u.Path, u.RawQuery, u.Fragment)
		}
	})
}
