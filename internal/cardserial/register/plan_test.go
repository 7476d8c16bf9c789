package register

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/cardserial"
)

// ids makes external_ids of a text: "key=value" on each line.
func ids(text string) map[string]string {
	m := map[string]string{}
	for line := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(line, "=")
		m[key] = value
	}
	return m
}

// Apply gives external_ids as they are after the decision.
func (d *Decision) Apply(externalIDs map[string]string) map[string]string {
	after := maps.Clone(externalIDs)
	if after == nil {
		after = map[string]string{}
	}
	for _, key := range d.Delete {
		delete(after, key)
	}
	maps.Copy(after, d.Set)
	return after
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name  string
		ids   string
		known string
		whole bool
		lost  string
		want  string
	}{
		{name: "the first time", known: "MT1", whole: true, want: "ovn-cms-options=card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "other options stay in front, in order", ids: "ovn-cms-options=enable-chassis-as-gw,availability-zones=a:b",
			known: "MT1", whole: true,
			want: "ovn-cms-options=enable-chassis-as-gw,availability-zones=a:b,card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "what is odd about others' entries stays so", ids: "ovn-cms-options=,,a,=,a,", known: "MT1", whole: true,
			want: "ovn-cms-options=,,a,=,a,,card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "once it is there nothing changes", ids: "ovn-cms-options=card-serial-number=MT1,x representord-card-serial=MT1",
			known: "MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=MT1,x representord-card-serial=MT1"},
		{name: "the operator's own entry does, and stays the operator's", ids: "ovn-cms-options=card-serial-number=MT1",
			known: "MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=MT1"},
		{name: "an entry that only looks like ours does not do",
			ids: "ovn-cms-options=card-serial-number=mt1,Card-serial-number=MT1,card-serial-number=MT10", known: "MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=mt1,Card-serial-number=MT1,card-serial-number=MT10,card-serial-number=MT1 " +
				"representord-card-serial=MT1"},
		{name: "overwritten by a deployment tool it is put back", ids: "ovn-cms-options=x representord-card-serial=MT1",
			known: "MT1", whole: true,
			want: "ovn-cms-options=x,card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "deleted it is put back", ids: "representord-card-serial=MT1", known: "MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "a card that was replaced is replaced in its place",
			ids: "ovn-cms-options=a,card-serial-number=OLD,b representord-card-serial=OLD", known: "MT1", whole: true,
			want: "ovn-cms-options=a,card-serial-number=MT1,b representord-card-serial=MT1"},
		{name: "an entry that isn't ours is not replaced", ids: "ovn-cms-options=card-serial-number=OLD", known: "MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=OLD,card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "two cards are two entries", known: "MT1 MT2", whole: true,
			want: "ovn-cms-options=card-serial-number=MT1,card-serial-number=MT2 representord-card-serial=MT1,MT2"},
		{name: "one of two cards is replaced",
			ids: "ovn-cms-options=card-serial-number=MT1,card-serial-number=MT2 representord-card-serial=MT1,MT2", known: "MT1 MT3", whole: true,
			want: "ovn-cms-options=card-serial-number=MT1,card-serial-number=MT3 representord-card-serial=MT1,MT3"},
		{name: "one of two cards is away for a while",
			ids: "ovn-cms-options=card-serial-number=MT1,card-serial-number=MT2 representord-card-serial=MT1,MT2", known: "MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=MT1,card-serial-number=MT2 representord-card-serial=MT1,MT2"},
		{name: "one of two cards is lost", ids: "ovn-cms-options=card-serial-number=MT1,card-serial-number=MT2 representord-card-serial=MT1,MT2",
			known: "MT1", whole: true, lost: "MT2",
			want: "ovn-cms-options=card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "no card is there, for a while", ids: "ovn-cms-options=card-serial-number=MT1 representord-card-serial=MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "no card is there any more: nothing is left of us", ids: "ovn-cms-options=card-serial-number=MT1 representord-card-serial=MT1",
			whole: true, lost: "MT1",
			want: ""},
		{name: "not all cards told: what is known is added, and nothing goes",
			ids: "ovn-cms-options=card-serial-number=OLD representord-card-serial=OLD", known: "MT1",
			want: "ovn-cms-options=card-serial-number=OLD,card-serial-number=MT1 representord-card-serial=OLD,MT1"},
		{name: "overwritten while its card is away, it waits for the card", ids: "ovn-cms-options=x representord-card-serial=MT1", whole: true,
			want: "ovn-cms-options=x"},
		{name: "an entry we wrote and somebody doubled is one",
			ids: "ovn-cms-options=card-serial-number=OLD,x,card-serial-number=OLD representord-card-serial=OLD", known: "MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=MT1,x representord-card-serial=MT1"},
		{name: "the key of our chassis comes first", ids: "ovn-cms-options=a ovn-cms-options-dpu1=b", known: "MT1", whole: true,
			want: "ovn-cms-options=a ovn-cms-options-dpu1=b,card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "also when it is empty", ids: "ovn-cms-options=a ovn-cms-options-dpu1=", known: "MT1", whole: true,
			want: "ovn-cms-options=a ovn-cms-options-dpu1=card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "another chassis' key doesn't count", ids: "ovn-cms-options-dpu10=a", known: "MT1", whole: true,
			want: "ovn-cms-options-dpu10=a ovn-cms-options=card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "the entry moves when our chassis gets a key of its own",
			ids: "ovn-cms-options=a,card-serial-number=MT1 ovn-cms-options-dpu1=b representord-card-serial=MT1", known: "MT1", whole: true,
			want: "ovn-cms-options=a ovn-cms-options-dpu1=b,card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "and the same entry in the other key is somebody else's afterwards",
			ids:   "ovn-cms-options=a,card-serial-number=MT1 ovn-cms-options-dpu1=card-serial-number=MT1 representord-card-serial=MT1",
			known: "MT1", whole: true,
			want: "ovn-cms-options=a,card-serial-number=MT1 ovn-cms-options-dpu1=card-serial-number=MT1 representord-card-serial=MT1"},
		{name: "nonsense in our memory makes nothing ours",
			ids: "ovn-cms-options=card-serial-number=,card-serial-number=N/A representord-card-serial=,N/A,", known: "MT1", whole: true,
			want: "ovn-cms-options=card-serial-number=,card-serial-number=N/A,card-serial-number=MT1 representord-card-serial=MT1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := Input{ExternalIDs: ids(c.ids), Chassis: "dpu1", Known: strings.Fields(c.known), Whole: c.whole, Lost: strings.Fields(c.lost)}
			d := Plan(in)
			after := d.Apply(in.ExternalIDs)
			if diff := cmp.Diff(ids(c.want), after); diff != "" {
				t.Errorf("external_ids (-want +got):\n%s", diff)
			}
			if nothing := c.ids == c.want; d.Nothing() != nothing {
				t.Errorf("nothing to do: %v, want %v: %+v", d.Nothing(), nothing, d)
			}
			in.ExternalIDs = after
			if again := Plan(in); !again.Nothing() {
				t.Errorf("planned again: %+v", again)
			}
		})
	}
}

func TestPlan_TellsWhatChangesAndWhatIsOdd(t *testing.T) {
	d := Plan(Input{
		ExternalIDs: ids("ovn-cms-options=card-serial-number=OLD,card-serial-number=THEIRS,x representord-card-serial=OLD"),
		Chassis:     "dpu1", Known: []string{"MT1"}, Whole: true,
	})
	want := Decision{
		Key:     cardserial.OptionsKey,
		Set:     map[string]string{cardserial.OptionsKey: "card-serial-number=MT1,card-serial-number=THEIRS,x", KeyMemory: "MT1"},
		Added:   []string{"MT1"},
		Removed: []string{"OLD"}, Absent: []string{"OLD"}, Foreign: []string{"THEIRS"},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlan_WithoutANameOfOurChassisNothingIsPlanned(t *testing.T) {
	if d := Plan(Input{Known: []string{"MT1"}, Whole: true}); !d.Nothing() {
		t.Errorf("%+v", d)
	}
}

func TestWithdraw_TakesBackWhatWeWroteAndNothingElse(t *testing.T) {
	for _, c := range []struct{ name, ids, want string }{
		{"nothing was written", "ovn-cms-options=card-serial-number=MT1", "ovn-cms-options=card-serial-number=MT1"},
		{"only ours was there", "ovn-cms-options=card-serial-number=MT1 representord-card-serial=MT1 system-id=dpu1", "system-id=dpu1"},
		{"others' entries stay", "ovn-cms-options=a,card-serial-number=MT1,card-serial-number=MT2,b representord-card-serial=MT1",
			"ovn-cms-options=a,card-serial-number=MT2,b"},
		{"it was overwritten", "ovn-cms-options=a representord-card-serial=MT1", "ovn-cms-options=a"},
		{"an empty list of one chassis stays one", "ovn-cms-options=a ovn-cms-options-dpu1=card-serial-number=MT1 representord-card-serial=MT1",
			"ovn-cms-options=a ovn-cms-options-dpu1="},
		{"it stands in the general list only", "ovn-cms-options=a,card-serial-number=MT1 ovn-cms-options-dpu1=b representord-card-serial=MT1",
			"ovn-cms-options=a ovn-cms-options-dpu1=b"},
		{"it stands in both", "ovn-cms-options=card-serial-number=MT1 ovn-cms-options-dpu1=card-serial-number=MT1 representord-card-serial=MT1",
			"ovn-cms-options=card-serial-number=MT1 ovn-cms-options-dpu1="},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := ids(c.ids)
			d := Withdraw(before, "dpu1")
			if diff := cmp.Diff(ids(c.want), d.Apply(before)); diff != "" {
				t.Errorf("external_ids (-want +got):\n%s", diff)
			}
			if d.Nothing() != (c.ids == c.want) {
				t.Errorf("%+v", d)
			}
		})
	}
}
