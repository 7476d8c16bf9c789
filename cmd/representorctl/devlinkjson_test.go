package main

import (
	"fmt"
	"strings"
	"testing"
)

const (
	filePF = `"pci/0000:03:00.0/1":{"type":"eth","netdev":"pf0hpf","flavour":"pcipf","controller":1,"pfnum":0,"external":true,` +
		`"function":{"hw_addr":"` + mac + `"}}`
	fileVF = `"pci/0000:03:00.0/2":{"type":"eth","netdev":"pf0vf0","flavour":"pcivf","controller":1,"pfnum":0,"vfnum":0,"external":true}`
	fileSF = `"pci/0000:03:00.0/3":{"type":"eth","netdev":"c1pf0sf77","flavour":"pcisf","controller":1,"pfnum":0,"sfnum":77}`
	// A PF of the DPU's own behind controller 2, and an SF of that.
	fileSatellite = `"pci/0000:03:00.0/4":{"type":"eth","netdev":"c2pf1","flavour":"pcipf","controller":2,"pfnum":1,"external":false,` +
		`"function":{"hw_addr":"00:53:00:00:00:51"}},` +
		`"pci/0000:03:00.0/5":{"type":"eth","netdev":"c2pf1sf5","flavour":"pcisf","controller":2,"pfnum":1,"sfnum":5}`
	// A NIC that is its own host, with mlx5 of Linux 6.3 or later.
	fileOwnHost = `"auxiliary/mlx5_core.eth.0/65535":{"type":"eth","netdev":"enp7s0f0np0","flavour":"physical","port":0},` +
		`"pci/0000:07:00.0/5":{"type":"eth","netdev":"enp7s0f0np0r4","flavour":"pcivf","controller":0,"pfnum":0,"vfnum":4,"external":false,` +
		`"function":{"hw_addr":"00:53:00:00:00:64"}}`
)

func portFile(ports ...string) string { return `{"port":{` + strings.Join(ports, ",") + `}}` }

// oddVFs are so many ports that can't be read.
func oddVFs(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"pci/0000:03:00.0/%d":{"flavour":"pcivf","vfnum":-1}`, 100+i))
	}
	return strings.Join(all, ",")
}

func TestDevlinkJSON_IsAnsweredFromAsFarAsItTells(t *testing.T) {
	lookup := func(more ...string) []string {
		return append([]string{"lookup", "--devlink-json=-", "--pf-mac"}, more...)
	}
	for name, tt := range map[string]struct {
		file   string
		args   []string
		status int
		says   []string
		saysNo []string
	}{
		"one odd port leaves the others answered for": {
			file: portFile(filePF, fileVF, `"pci/0000:03:00.0/9":{"flavour":"pcivf","vfnum":-1}`), args: lookup(mac, "--vf=0"),
			status: exitOK, says: []string{"pf0vf0"},
		},
		"nor do as many as a driver has of one kind": {
			file: portFile(filePF, fileVF, oddVFs(20)), args: lookup(mac, "--vf=0"),
			status: exitOK, says: []string{"pf0vf0"},
		},
		"a PF among these may have the MAC as well": {
			file: portFile(filePF, fileVF, oddVFs(20), `"pci/0000:04:00.0/9":{"flavour":"pcipf","pfnum":"x"}`), args: lookup(mac, "--vf=0"),
			status: exitNotFound, says: []string{"a PF with that MAC may be among the ports that can't be read",
				"left out malformed devlink ports: 21", "pci/0000:04:00.0/9"},
		},
		"and is told of where what was asked for isn't there": {
			file: portFile(filePF, fileVF, `"pci/0000:03:00.0/9":{"flavour":"pcivf","vfnum":-1}`), args: lookup(mac, "--vf=9"),
			status: exitNotFound, says: []string{"has no VF 9", "left out malformed devlink ports: 1", "pci/0000:03:00.0/9"},
		},
		"and in the list": {
			file:   portFile(filePF, fileVF, `"pci/0000:03:00.0/9":{"flavour":"pcivf","vfnum":-1}`),
			args:   []string{"representors", "--devlink-json=-"},
			status: exitOK, says: []string{"problem:", "left out malformed devlink ports: 1", "pf0vf0"},
		},
		"an odd PF may have the MAC as well": {
			file: portFile(filePF, fileVF, `"pci/0000:03:00.0/9":{"flavour":"pcipf","pfnum":"x"}`), args: lookup(mac, "--vf=0"),
			status: exitNotFound, says: []string{"a PF with that MAC may be among the ports that can't be read"},
		},
		"where the controller doesn't tell": {
			file: portFile(filePF, fileVF, `"pci/0000:03:00.0/9":{"flavour":"pcipf","pfnum":"x"}`), args: lookup(mac, "--vf=0", "--controller=1"),
			status: exitOK, says: []string{"pf0vf0"},
		},
		"an index from 2^31 on is no odd port": {
			file: portFile(filePF, strings.Replace(fileVF, "/2\"", "/-5\"", 1)), args: lookup(mac, "--vf=0"),
			status: exitOK, says: []string{"pci/0000:03:00.0/4294967291"},
		},
		"an SF may be another": {
			file: portFile(filePF, fileSF), args: lookup(mac, "--sf=77"),
			status: exitNotFound, says: []string{"lower 16 bits", "c1pf0sf77", "representorctl lookup --kernel"},
		},
		"a list with an SF says so": {
			file: portFile(filePF, fileSF), args: []string{"representors", "--devlink-json=-"},
			status: exitOK, says: []string{"c1pf0sf77", "lower 16 bits"},
		},
		"a list without one has nothing to say": {
			file: portFile(filePF, fileVF), args: []string{"representors", "--devlink-json=-"},
			status: exitOK, saysNo: []string{"bits", "problem:"},
		},
		"nor has one whose numbers are whole": {
			file: portFile(filePF, strings.Replace(fileSF, "77}", "65624}", 1)), args: []string{"representors", "--devlink-json=-"},
			status: exitOK, says: []string{"c1pf0sf65624"}, saysNo: []string{"bits"},
		},
		"whose card an uplink is of isn't in it": {
			file: portFile(fileOwnHost), args: lookup("00:53:00:00:00:30", "--vf=4", "--local-functions"),
			status: exitNotFound, says: []string{"pci/0000:07:00.0 c0pf0 local",
				"a list of devlink ports doesn't tell the MAC of the machine's own PF", "representorctl lookup --kernel --local-functions"},
			saysNo: []string{"network namespace", "devlink port function set"},
		},
		"nor does local-functions help": {
			file: portFile(fileOwnHost), args: lookup("00:53:00:00:00:30", "--vf=4"),
			status: exitNotFound, says: []string{"representorctl lookup --kernel --local-functions"}, saysNo: []string{"set local-functions"},
		},
		"nor drawn": {
			file: portFile(fileOwnHost), args: []string{"draw", "--devlink-json=-"},
			status: exitOK, says: []string{"the card it belongs to is not known"}, saysNo: []string{"no functions"},
		},
		"a satellite's SF is the machine's own": {
			file: portFile(filePF, fileSatellite), args: []string{"representors", "--devlink-json=-"},
			status: exitOK, says: []string{"c2pf1sf5 local"},
		},
		"and one controller is drawn once": {
			file: portFile(filePF, fileSatellite), args: []string{"draw", "--devlink-json=-"},
			status: exitOK, says: []string{">Controller 2<"},
		},
		"no serial number is in it": {
			file: portFile(filePF, fileVF), args: lookup(mac, "--vf=0", "--card-serial-number=MT1"),
			status: exitNotFound, says: []string{"a list of devlink ports doesn't tell serial numbers"},
		},
		"devlink's text is called so": {
			file: "pci/0000:03:00.0/1: type eth netdev pf0hpf flavour pcipf pfnum 0\n", args: lookup(mac),
			status: exitError, says: []string{`this is what devlink prints without -j; the output of "devlink -j port show" was expected`},
		},
		"a list isn't taken for ports": {
			file: "[]", args: lookup(mac),
			status: exitError, says: []string{"a list, where an object was expected"}, saysNo: []string{"Go", "struct"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := run1(t, absent(t), tt.file, noCard, tt.args...)
			all := strings.Join(strings.Fields(got.stdout+got.stderr), " ")
			if got.status != tt.status {
				t.Errorf("exit status %d, want %d", got.status, tt.status)
			}
			for _, s := range tt.says {
				if !strings.Contains(all, s) {
					t.Errorf("it doesn't say %q", s)
				}
			}
			for _, s := range tt.saysNo {
				if strings.Contains(all, s) {
					t.Errorf("it says %q", s)
				}
			}
			if t.Failed() {
				t.Log(got)
			}
		})
	}
	drawn := run1(t, absent(t), portFile(filePF, fileSatellite), noCard, "draw", "--devlink-json=-").stdout
	if n := strings.Count(drawn, ">Controller 2<"); n != 1 {
		t.Errorf("controller 2 is drawn %d times", n)
	}
}
