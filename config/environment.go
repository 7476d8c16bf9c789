package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/representord/representord/internal/reason"
)

// prefix is that of all variables of ours.
const prefix = "REPRESENTORD_"

// environment is the variable that sets a key.
func environment(key string) string {
	return prefix + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(key))
}

// strangers matches what follows the prefix in variables that others set: our own tests
// and their virtual machine, and Kubernetes, for a Service called representord
// (makeEnvVariables and makeLinkVariables in kubernetes/pkg/kubelet/envvars).
const strangers = `^(VM|TEST_.*|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`

// unknownVariables finds the variables that were probably meant for us, and set nothing
// that there is: what is misspelt has no effect, and somebody should know. It gives
// a sentence for each, sorted. They are no errors: whoever runs us may set variables that
// begin like ours for reasons of their own, and a DPU without a daemon is worse. An empty
// variable counts as not set.
func unknownVariables(environ, keys []string) []string {
	others := regexp.MustCompile(strangers)
	var all []string
	for _, variable := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(variable, "=")
		rest, ours := strings.CutPrefix(name, prefix)
		known := slices.ContainsFunc(keys, func(key string) bool { return environment(key) == name })
		if !ours || known || value == "" || others.MatchString(rest) {
			continue
		}
		hint := "; unset it"
		if near := nearest(rest, keys); near != "" {
			hint = "; did you mean " + environment(near) + "?"
		}
		all = append(all, fmt.Sprintf("environment variable %s sets nothing that there is%s", reason.Quote(name), hint))
	}
	return all
}
