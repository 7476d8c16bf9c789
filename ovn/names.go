package ovn

import "strings"

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

// IsIn reports whether a text that String gave of some database may be of this one.
// The cluster's id decides if both have one. Otherwise the SB_Global row does: a
// relay tells no cluster, and a database keeps the row when it is made a clustered
// one. Any other text is of no database.
func (n Names) IsIn(text string) bool {
	o, ok := parseNames(text)
	if !ok {
		return false
	}
	if n.Cluster != "" && o.Cluster != "" {
		return n.Cluster == o.Cluster
	}
	return n.Global != "" && n.Global == o.Global
}

func parseNames(text string) (Names, bool) {
	var n Names
	words := strings.Split(text, " ")
	for ; len(words) >= 2; words = words[2:] {
		switch words[0] {
		case namesCluster:
			n.Cluster = words[1]
		case namesGlobal:
			n.Global = words[1]
		default:
			return Names{}, false
		}
	}
	return n, len(words) == 0 && n.String() == text
}
