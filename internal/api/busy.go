package api

import "net/http"

// slots admit so many at a time, and make nobody wait.
type slots chan struct{}

// enter takes a slot if one is free; leave gives it back.
func (s slots) enter() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) leave() { <-s }

// busy is the answer to one question too many. It is an *Error with status 429.
func busy(what string) error {
	return &Error{Status: http.StatusTooManyRequests, Problem: Problem{
		Error: what + " are being answered already, as many as are at one time; try again in a second",
	}}
}
