package rawdb

// Operation is one operation of a transaction, RFC 7047 section 5.2.
type Operation map[string]any

// Result is what the server says of one operation.
type Result struct {
	Count   int    `json:"count"`
	Rows    []Row  `json:"rows"`
	UUID    any    `json:"uuid"`
	Error   string `json:"error"`
	Details string `json:"details"`
}

// Row is the columns of a row as JSON has them, section 5.1.
type Row map[string]any

// Where is a condition, or several that must all hold, of three words each: column,
// function, value.
func Where(words ...any) []any {
	conditions := []any{}
	for i := 0; i+2 < len(words); i += 3 {
		conditions = append(conditions, []any{words[i], words[i+1], words[i+2]})
	}
	return conditions
}

// Named refers to the row that an insert of the same transaction makes.
func Named(name string) any { return []any{"named-uuid", name} }

// UUID refers to a row.
func UUID(uuid string) any { return []any{"uuid", uuid} }

// Set is a set of values.
func Set(values ...any) any {
	if values == nil {
		values = []any{}
	}
	return []any{"set", values}
}

// Map is a map of strings.
func Map(m map[string]string) any {
	pairs := []any{}
	for k, v := range m {
		pairs = append(pairs, []any{k, v})
	}
	return []any{"map", pairs}
}

// Text is a string, or the one string of a set; "" for none.
func (r Row) Text(column string) string {
	s, _ := one(r[column]).(string)
	return s
}

// Number is an integer, or the one integer of a set; 0 for none.
func (r Row) Number(column string) int {
	f, _ := one(r[column]).(float64)
	return int(f)
}

// UUIDs are the rows that a column refers to.
func (r Row) UUIDs(column string) []string {
	var uuids []string
	for _, v := range elements(r[column]) {
		if pair, ok := v.([]any); ok && len(pair) == 2 && pair[0] == "uuid" {
			if uuid, ok := pair[1].(string); ok {
				uuids = append(uuids, uuid)
			}
		}
	}
	return uuids
}

// Strings is a map of strings, never nil.
func (r Row) Strings(column string) map[string]string {
	m := map[string]string{}
	pair, _ := r[column].([]any)
	if len(pair) != 2 || pair[0] != "map" {
		return m
	}
	pairs, _ := pair[1].([]any)
	for _, p := range pairs {
		if kv, ok := p.([]any); ok && len(kv) == 2 {
			k, _ := kv[0].(string)
			m[k], _ = kv[1].(string)
		}
	}
	return m
}

// elements are the members of a set; a single value is a set of one.
func elements(v any) []any {
	if pair, ok := v.([]any); ok && len(pair) == 2 && pair[0] == "set" {
		all, _ := pair[1].([]any)
		return all
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func one(v any) any {
	if all := elements(v); len(all) == 1 {
		return all[0]
	}
	return nil
}
