package representor

import "github.com/representord/representord/devlink"

// FunctionOf is the function that a port stands for, as the other ports of its card say.
func (x *Index) FunctionOf(p *devlink.Port) (Function, bool) { return x.owners.function(p) }
