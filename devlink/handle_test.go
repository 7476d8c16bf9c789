package devlink

import "testing"

func TestHandle_IsTheSameAfterItsText(t *testing.T) {
	want := Handle{Bus: "auxiliary", Device: "mlx5_core.eth.0"}
	text, err := want.MarshalText()
	if err != nil || string(text) != want.String() {
		t.Fatalf("%s, %v; want %s", text, err, want)
	}
	var got Handle
	if err := got.UnmarshalText(text); err != nil || got != want {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestHandle_OfATextThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"", "pci", "/", "pci/", "/0000:03:00.0", "pci/0000:03:00.0/1", "pci/a b", "pci/\x1b"} {
		h := Handle{Bus: "pci", Device: "0000:03:00.0"}
		if err := h.UnmarshalText([]byte(text)); err == nil || h != (Handle{}) {
			t.Errorf("%q gives %v, %v; want an error and nothing", text, h, err)
		}
	}
}
