package plan

import (
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// identity is what a row of ours is for, read once from its marks and, where those don't
// tell, from its netdev.
type identity struct {
	// is the function that the row is for; its Kind is 0 where the card doesn't tell that. A row
	// that has lost its request as well as its function counts for what its netdev is now.
	is representor.Function
	// request is what the row was made for; its Kind is 0 if that is lost.
	request representor.Query
	// hasFunction: the marker names a function. ownMarks: that is the function by the row's own marks.
	hasFunction, ownMarks bool
}

// identify reads what a row is for.
func identify(x *representor.Index, r ovs.Interface) identity {
	f, request := MarkedFunction(r.Marker), requested(r.Marker)
	id := identity{is: functionOf(x, r, f, request), request: request, hasFunction: f.Kind != 0}
	id.ownMarks = id.is.Kind != 0
	if !id.ownMarks && id.request.Kind == 0 {
		rep, _ := x.ByNetdev(r.Name)
		id.is = rep.Function
	}
	return id
}

// FunctionOf is the function that a row is for by its own marks, as the card calls it now: the
// one that its marker names (it may have been written on a kernel that numbered no
// controllers), or, where that is lost, what the request means that the row was made for. Its
// Kind is 0 where the card doesn't tell that, and where the row has the netdev of another function
// that may be meant and whose PF can't be seen.
func FunctionOf(x *representor.Index, r ovs.Interface) representor.Function {
	return functionOf(x, r, MarkedFunction(r.Marker), requested(r.Marker))
}

func functionOf(x *representor.Index, r ovs.Interface, marked representor.Function, request representor.Query) representor.Function {
	if marked.Kind != 0 {
		return x.WithController(marked)
	}
	if request.Kind == 0 {
		return representor.Function{}
	}
	f, _ := x.Meant(request)
	if has := carriedBy(x, r, representor.Function{}); x.MayLackPFs() && has != f && x.Unseen(request, has) != nil {
		return representor.Function{}
	}
	return f
}

// carriedBy is the function that a row is for, or, where nobody knows that, the one whose netdev is
// open under it, or has its name.
func carriedBy(x *representor.Index, r ovs.Interface, is representor.Function) representor.Function {
	if is.Kind != 0 {
		return is
	}
	ifindex, _, _ := x.LinkByName(r.Name)
	if _, live := x.LinkByIfIndex(r.IfIndex); live && r.IsOpen() {
		ifindex = r.IfIndex
	}
	claim, _ := x.ClaimOf(ifindex)
	return claim.Function
}

// MarkedFunction is the function that a marker names; its Kind is 0 for none.
func MarkedFunction(m ovs.Marker) representor.Function {
	f, _ := representor.ParseFunction(m.Function)
	return f
}

// requested is the request that a marker names; its Kind is 0 for none.
func requested(m ovs.Marker) representor.Query {
	q, _ := representor.ParseQuery(m.Request)
	return q
}

// functionText is how a marker has a function, empty for none.
func functionText(f representor.Function) string {
	if f.Kind == 0 {
		return ""
	}
	return f.String()
}

// requestText is how a marker has a request, empty for none.
func requestText(q representor.Query) string {
	if q.Kind == 0 {
		return ""
	}
	return q.String()
}

// ownRow is a row of ours while it is decided on.
type ownRow struct {
	ovs.Interface
	identity
	lport  string // see ovs.Interface.LogicalPort
	former bool   // on a bridge that was ours

	leak            leak // its kind is 0 for none
	removed, edited bool // by this plan
}

// own reads a row of ours.
func (p *planner) own(r ovs.Interface) *ownRow {
	return &ownRow{Interface: r, identity: identify(p.in.Index, r), lport: r.LogicalPort()}
}

// byMarks is the function that a row is for by its own marks, see FunctionOf.
func (r *ownRow) byMarks() representor.Function {
	if r.ownMarks {
		return r.is
	}
	return representor.Function{}
}

// unnamed is the request of a row that has lost its function, while the card can't tell which
// function that request means.
func (r *ownRow) unnamed() (query representor.Query, asked bool) {
	return r.request, !r.ownMarks && r.request.Kind != 0
}

// mayBeAskedBy reports whether a function is one that a query may mean, whatever the card
// doesn't tell: one of another kind, number or controller never is.
func mayBeAskedBy(query representor.Query, f representor.Function) bool {
	return f.Kind == query.Kind && f.Number == query.Number &&
		(!query.Controller.Present || !f.Controller.Present || query.Controller == f.Controller)
}
