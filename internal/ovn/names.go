package ovn

import (
	"cmp"
	"strings"
)

// Names are what a database is known by in the long run: what two runs of a program
// can compare. Beside a View's Identity they leave out what only one run can tell, that
// a cluster was restored from older files under its own id.
type Names struct {
	// Cluster is the cluster's id. It is empty for a standalone database, and through
	// a relay, which doesn't tell it.
	Cluster string
	// Global is the uuid of the row in SB_Global, empty while there is none.
	Global string
}

const (
	namesCluster = "cluster"
	namesGlobal  = "SB_Global"
)

// String is "cluster ID SB_Global UUID", without what isn't known. IsIn reads it.
func (n Names) String() string {
	var words []string
	if n.Cluster != "" {
		words = append(words, namesCluster, n.Cluster)
	}
	if n.Global != "" {
		words = append(words, namesGlobal, n.Global)
	}
	return strings.Join(words, " ")
}

// IsIn reports whether a text that String gave of some database may be of this one. Any other
// text is of no database.
func (n Names) IsIn(text string) bool {
	o, ok := parseNames(text)
	return ok && n.Same(o)
}

// Same reports whether two names may be one database's. What both tell must be the same, and there
// must be something that both tell: a relay tells no cluster, and a database keeps its SB_Global
// row when it is made a clustered one. The same row in another cluster is a copy, which may be
// an old one; another row in the same cluster tells of contents that were wiped, or restored in
// place (ovsdb-client(1), restore: every row is another one then).
func (n Names) Same(o Names) bool {
	if n.Cluster != "" && o.Cluster != "" && n.Cluster != o.Cluster {
		return false
	}
	if n.Global != "" && o.Global != "" {
		return n.Global == o.Global
	}
	return n.Cluster != "" && n.Cluster == o.Cluster
}

// Or completes names with others of the same database.
func (n Names) Or(o Names) Names {
	return Names{Cluster: cmp.Or(n.Cluster, o.Cluster), Global: cmp.Or(n.Global, o.Global)}
}

func parseNames(text string) (n Names, ok bool) {
	words := strings.Split(text, " ")
	for ; len(words) >= 2; words = words[2:] {
		switch words[0] {
		case namesCluster:
			n.Cluster = words[1]
		case namesGlobal:
			n.Global = words[1]
		}
	}
	return n, n.String() == text
}
