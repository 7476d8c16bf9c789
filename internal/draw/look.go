package draw

import "github.com/representord/representord/plug/plan"

// none is the look of a function that nobody asks for.
const none = "none"

// look names the shape and the style of a state.
func look(s plan.State) string {
	switch s {
	case plan.Plugged, plan.Pending, plan.Conflict, plan.Held, plan.Invalid:
		return string(s)
	}
	return none
}

// The fonts, as the style sheet has them.
func label() font   { return font{size: 9.5, bold: true} }
func small() font   { return font{size: 7.5, bold: true} }
func prose() font   { return font{size: 8.5} }
func mono() font    { return font{size: 8, mono: true} }
func compact() font { return font{size: 6.6, mono: true} }

// style is black on white. States differ in line and shape first, then in colour;
// the colours can be told apart by those who see fewer of them.
const style = `<style>
text{font-family:Helvetica,Arial,"Liberation Sans","DejaVu Sans",sans-serif;font-size:8.5px;fill:#1a1a1a}
.mono{font-family:"DejaVu Sans Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:8px}
.compact{font-family:"DejaVu Sans Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:6.6px}
.h1{font-size:21px;font-weight:700}
.h2{font-size:12px;font-weight:700}
.h3{font-size:9.5px;font-weight:700}
.note{font-size:10px;fill:#555}
.label{font-size:9.5px;font-weight:700}
.small{font-size:7.5px;font-weight:700}
.strong{font-weight:700}
.grey{fill:#666}
.inverse{fill:#fff;font-size:8px;letter-spacing:1.5px}
.page{fill:#fff}
.card{fill:#fff;stroke:#1a1a1a;stroke-width:1.2}
.host{fill:#f6f6f6;stroke:#bbb;stroke-width:.8}
.uplink{fill:#fff;stroke:#1a1a1a;stroke-width:1}
.switch{fill:#1a1a1a}
.wire{fill:none;stroke:#1a1a1a;stroke-width:2}
.thin{fill:none;stroke:#999;stroke-width:1}
.warning{fill:#fff;stroke:#1a1a1a;stroke-width:2}
.rule{fill:none;stroke:#ccc;stroke-width:.8}
.box{stroke-width:1}
.box.none{fill:#fff;stroke:#bbb;stroke-width:.8}
.box.missing{fill:none;stroke:#bbb;stroke-width:.8;stroke-dasharray:2 2}
.box.plugged{fill:#e9f5f0;stroke:#00694f;stroke-width:1.2}
.small-box.plugged{stroke-width:.7}
.box.pending{fill:#fff4e3;stroke:#a85400;stroke-dasharray:5 2.5}
.box.conflict{fill:#fce9ed;stroke:#a80f35;stroke-width:2.2}
.box.held{fill:#e8f0fa;stroke:#1b559a;stroke-dasharray:9 2 2 2}
.box.invalid{fill:#f4ecf8;stroke:#6f3590;stroke-dasharray:1.5 2;stroke-width:1.4}
</style>
`

// shapes are drawn around the point where they are used, about 10 pixels wide.
const shapes = `<defs>
<g id="none"><circle r="3" fill="#fff" stroke="#999"/></g>
<g id="plugged"><circle r="5" fill="#00694f"/></g>
<g id="pending"><circle r="4.5" fill="#fff" stroke="#a85400"/><path d="M0-4.5A4.5 4.5 0 0 0 0 4.5Z" fill="#a85400"/></g>
<g id="conflict"><path d="M0-5.8L5.8 0L0 5.8L-5.8 0Z" fill="#a80f35"/>
<path d="M-1.9-1.9L1.9 1.9M1.9-1.9L-1.9 1.9" stroke="#fff" stroke-width="1.3"/></g>
<g id="held"><rect x="-5" y="-5" width="10" height="10" rx="1" fill="#1b559a"/>
<path d="M-1.8-2.8V2.8M1.8-2.8V2.8" stroke="#fff" stroke-width="1.6"/></g>
<g id="invalid"><path d="M0-5.6L5.8 4.8H-5.8Z" fill="#6f3590"/><path d="M0-2.2V1.6M0 2.6V4" stroke="#fff" stroke-width="1.3"/></g>
<g id="jack"><path d="M-6-5H6V5H-6Z" fill="#1a1a1a"/><path d="M-4 3V-1H-2V-3H2V-1H4V3Z" fill="#fff"/></g>
</defs>
`
