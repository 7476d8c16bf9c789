package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// Parameters of PathLookup. Each has the grammar of the logical switch port
// option "vif-plug:representor:<parameter>".
const (
	ParamPFMAC      = "pf-mac"
	ParamVF         = "vf-num"
	ParamSF         = "sf-num"
	ParamController = "controller"
	ParamCardSerial = "card-serial-number"
)

// ParamOption is the option of a logical switch port that a parameter stands for.
func ParamOption(parameter string) string { return option.Prefix + parameter }

func parameters() []string {
	return []string{ParamPFMAC, ParamVF, ParamSF, ParamController, ParamCardSerial}
}

// Lookup looks a function up, as PathLookup does. A parameter that is unknown,
// doubled or empty is refused: left out silently, it would make the answer
// another function's. The error is a *Error: 400 for a question that is wrong,
// 404 for a function that isn't there, 503 when the card can't be read.
func (f Facts) Lookup(question url.Values) (Lookup, error) {
	query, err := parseQuestion(question)
	if err != nil {
		return Lookup{}, err
	}
	found, why := f.Index.Lookup(query)
	if found.Function.Kind == 0 {
		if why == nil {
			return Lookup{}, refuse(http.StatusInternalServerError, "lookup of %s gave neither a representor nor a reason", query)
		}
		status := http.StatusNotFound
		if why.Code == reason.CodeNoDevlink {
			status = http.StatusServiceUnavailable
		}
		return Lookup{}, &Error{Status: status, Problem: Problem{Error: why.Message, Reason: why}}
	}
	return Lookup{
		Query:       query.String(),
		Representor: f.representor(found, f.pluggedFor()),
		Ready:       why == nil,
		Reason:      why,
	}, nil
}

func parseQuestion(question url.Values) (representor.Query, error) {
	options := make(map[string]string, len(question))
	for name, values := range question {
		switch {
		case !slices.Contains(parameters(), name):
			return representor.Query{}, refuse(http.StatusBadRequest, "unknown parameter %s; known are %s",
				reason.Quote(name), strings.Join(parameters(), ", "))
		case len(values) != 1:
			return representor.Query{}, refuse(http.StatusBadRequest, "parameter %s is given %d times", name, len(values))
		case values[0] == "":
			return representor.Query{}, refuse(http.StatusBadRequest, "parameter %s is empty; leave it out instead", name)
		}
		options[ParamOption(name)] = values[0]
	}
	request := ovn.ParseRequest("", options)
	if request.Invalid != nil {
		return representor.Query{}, &Error{
			Status:  http.StatusBadRequest,
			Problem: Problem{Error: request.Invalid.Message, Reason: request.Invalid},
		}
	}
	return request.Query, nil
}
