package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/representord/representord/internal/reason"
)

// fileKey names the configuration file: a flag and a variable, not a key of the file.
const fileKey = "config"

// Flags registers a flag for everything that can be set, and --config.
func Flags(fs *pflag.FlagSet) {
	fs.String(fileKey, DefaultFile, "configuration `file`; every flag without its dashes is a key in it")
	for _, s := range settings(&Config{}) {
		if s.boolean {
			fs.Bool(s.key, s.value == "true", s.usage)
		} else {
			fs.String(s.key, s.value, s.usage)
		}
	}
}

// Load gives the configuration: for each key what its flag says, else its
// environment variable, else the file, else its default. An empty variable and a
// key without a value count as not set. The flags must have been registered by
// Flags and parsed. The error joins everything that is wrong: first the file, then each
// value, with the key, where it was set, and the rule.
func Load(fs *pflag.FlagSet) (Config, error) {
	v := viper.NewWithOptions(viper.KeyDelimiter("\x00")) // a dot in a key is only a dot
	var c Config
	all := settings(&c)
	for _, key := range append(keys(all), fileKey) {
		flag := fs.Lookup(key)
		if flag == nil {
			return Config{}, fmt.Errorf("flag --%s is not registered", key)
		}
		if err := errors.Join(v.BindPFlag(key, flag), v.BindEnv(key, environment(key))); err != nil {
			return Config{}, fmt.Errorf("%s: %w", key, err)
		}
	}
	file, fileErr := readFile(v.GetString(fileKey), keys(all), source(fs, fileKey, file{}) == byDefault)
	errs := []error{fileErr}
	values := map[string]any{}
	for key, e := range file.entries {
		values[key] = e.value
	}
	if err := v.MergeConfigMap(values); err != nil {
		return Config{}, fmt.Errorf("configuration file %s: %w", file.path, err)
	}
	c.File, c.Warnings = file.path, unknownVariables(os.Environ(), append(keys(all), fileKey))
	wrong := map[string]bool{}
	for _, s := range all {
		value := v.GetString(s.key)
		if err := s.set(value); err != nil {
			wrong[s.key] = true
			errs = append(errs, fmt.Errorf("%s: %s %w (set by %s)", s.key, reason.Quote(value), err, source(fs, s.key, file)))
		}
	}
	if fileErr == nil { // else what is missing may be there
		errs = append(errs, c.validate(wrong))
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// byDefault is the source of a value that nobody set.
const byDefault = "default"

// source says where the value of a key is from, in viper's order.
func source(fs *pflag.FlagSet, key string, f file) string {
	if fs.Changed(key) {
		return "flag --" + key
	}
	if name := environment(key); os.Getenv(name) != "" {
		return "environment variable " + name
	}
	if e, ok := f.entries[key]; ok {
		return fmt.Sprintf("%s, line %d", f.path, e.line)
	}
	return byDefault
}

func keys(all []setting) []string {
	names := make([]string, 0, len(all))
	for _, s := range all {
		names = append(names, s.key)
	}
	return names
}

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
