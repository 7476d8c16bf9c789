package card

import "github.com/representord/representord/representor"

// called is the function with a canonical text; its Kind is 0 if there is none.
func called(text string) representor.Function {
	f, _ := representor.ParseFunction(text)
	return f
}
