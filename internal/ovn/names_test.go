package ovn

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNames_ADatabaseIsKnownAgainByThem(t *testing.T) {
	for what, tt := range map[string]struct {
		now  Names
		text string
		want bool
	}{
		"a standalone database":                     {Names{Global: "g1"}, "SB_Global g1", true},
		"a wiped one":                               {Names{Global: "g2"}, "SB_Global g1", false},
		"a cluster":                                 {Names{"c1", "g1"}, "cluster c1 SB_Global g1", true},
		"a cluster that was restored in place":      {Names{"c1", "g2"}, "cluster c1 SB_Global g1", false},
		"a cluster before its row is known":         {Names{Cluster: "c1"}, "cluster c1 SB_Global g1", true},
		"a rebuilt cluster":                         {Names{"c2", "g2"}, "cluster c1 SB_Global g1", false},
		"another cluster, made of a copy":           {Names{"c2", "g1"}, "cluster c1 SB_Global g1", false},
		"a relay of the cluster":                    {Names{Global: "g1"}, "cluster c1 SB_Global g1", true},
		"a relay of another":                        {Names{Global: "g2"}, "cluster c1 SB_Global g1", false},
		"the cluster behind the relay":              {Names{"c1", "g1"}, "SB_Global g1", true},
		"a standalone database that was clustered":  {Names{"c1", "g1"}, "SB_Global g1", true},
		"one whose row was not known, by its relay": {Names{Global: "g1"}, "cluster c1", false},
		"nothing is known of it":                    {Names{}, "SB_Global g1", false},
		"nothing is known of either":                {Names{}, "", false},
		"no text":                                   {Names{"c1", "g1"}, "", false},
		"a bare id":                                 {Names{"c1", "g1"}, "c1", false},
		"an unknown word":                           {Names{"c1", "g1"}, "SB_Global g1 index 7", false},
		"half a name":                               {Names{"c1", "g1"}, "SB_Global g1 cluster", false},
		"two ids":                                   {Names{"c1", "g1"}, "cluster c2 cluster c1", false},
		"spaces":                                    {Names{"c1", "g1"}, " SB_Global  g1", false},
	} {
		t.Run(what, func(t *testing.T) {
			if got := tt.now.IsIn(tt.text); got != tt.want {
				t.Errorf("%+v is in %q: %v, want %v", tt.now, tt.text, got, tt.want)
			}
		})
	}
}

func TestNames_ADatabaseIsInItsOwnNames(t *testing.T) {
	id := rapid.SampledFrom([]string{"", "a", "b"})
	rapid.Check(t, func(t *rapid.T) {
		n, o := Names{id.Draw(t, "cluster"), id.Draw(t, "row")}, Names{id.Draw(t, "other cluster"), id.Draw(t, "other row")}
		if known := n != (Names{}); n.IsIn(n.String()) != known {
			t.Errorf("%+v is in %q: %v", n, n.String(), !known)
		}
		if n.IsIn(o.String()) != o.IsIn(n.String()) {
			t.Errorf("%+v and %+v differ in whether they are the same", n, o)
		}
	})
}
