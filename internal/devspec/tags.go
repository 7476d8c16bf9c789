package devspec

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tags reads the tags that Nova itself reads.
func (p *parser) tags(s *Spec) error {
	switch network := s.Tags[tagPhysicalNetwork].(type) {
	case nil:
	case string:
		s.PhysicalNetwork = &network
	default:
		return fmt.Errorf("%s is %s, neither a string nor null", tagPhysicalNetwork, show(network))
	}
	if value, there := s.Tags[tagRemoteManaged]; there {
		truth, known := isTrue(value)
		if !known {
			p.warn("%s is %s, which Nova takes for false", tagRemoteManaged, show(value))
		}
		s.RemoteManaged = truth
	}
	for _, tag := range []string{"managed", "live_migratable", tagOneTimeUse} {
		value := s.Tags[tag]
		if value == nil {
			continue
		}
		truth, known := isTrue(value)
		if !known {
			return fmt.Errorf(`%s is %s, neither "true" nor "false"`, tag, show(value))
		}
		if truth && tag == tagOneTimeUse {
			p.warn("%s needs report_in_placement = true in the section [pci], or nova-compute of 2025.2 or later doesn't start", tag)
		}
	}
	return nil
}

// isTrue reads a truth value (oslo_utils.strutils.bool_from_string).
func isTrue(value any) (truth, known bool) {
	var text string
	switch v := value.(type) {
	case bool:
		return v, true
	case string:
		text = strings.ToLower(strings.TrimSpace(v))
	case json.Number:
		text = v.String()
	default:
		return false, false
	}
	if slices.Contains([]string{"1", "t", "true", "on", "y", "yes"}, text) {
		return true, true
	}
	return false, slices.Contains([]string{"0", "f", "false", "off", "n", "no"}, text)
}
