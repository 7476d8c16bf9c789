// Package vpd reads Vital Product Data, in which a PCI card says what it is: its
// name, part number and serial number. It is stored on the card, and Linux shows
// it as the file vpd in the sysfs directory of a PCI function.
//
// # The format
//
// (PCI Local Bus 3.0 appendix I, PCI Express 6.28.) Up to 32768 bytes hold a
// stream of resources. The first byte of a resource tells its size and kind:
//
//	1ttttttt length data…    large: the byte is the tag, the length has two bytes, the low one first
//	0tttt lll data…          small: 4 bits of tag, 3 bits of length
//
// Four of them matter:
//
//	0x82   large   the identifier string: the card's name
//	0x90   large   VPD-R, read-only fields
//	0x91   large   VPD-W, fields that software may write
//	0xf    small   the end, as the byte 0x78 or 0x79
//
// VPD-R and VPD-W hold fields: two letters, one byte of length, so many bytes of
// data. In VPD-R there are
//
//	PN   part number              EC   engineering change level
//	SN   serial number            MN   manufacturer
//	V0…VZ   the vendor's own      CP   a capability (binary)
//	RV   the last one: its first byte makes the sum of all bytes from the
//	     beginning up to that byte 0 (modulo 256); the rest is reserved
//
// and in VPD-W
//
//	YA   asset tag                V0…VZ, Y0…YZ   the vendor's and the system's own
//	RW   the last one: the space that is left
//
// Text is ASCII, padded with spaces or NULs by many vendors. So a dump may end:
//
//	90 1c 00                               VPD-R, 28 bytes
//	   50 4e 05 4d 43 58 34 20                PN "MCX4 "
//	   53 4e 0c 4d 54 32 30 32 35 4b 33 …     SN "MT2025K30970"
//	   52 56 02 .. 00                         RV: what makes the sum 0, and a reserved byte
//	78                                     the end
//
// # Two readings
//
// Much hardware gets this wrong: empty or placeholder fields, a wrong sum, no end
// within 32 KiB of garbage. libvirt takes the VPD of a card as a whole or not at
// all, and Nova sees what libvirt takes. That is the strict reading. The tolerant
// one takes from the first VPD-R whatever can be had, and says what is wrong.
//
// libvirt isn't the specification. It leaves the data of resources that it doesn't know
// out of the checksum, though not their tags and lengths; for an RV without a byte it
// takes the next one, of whatever that is; and it knows no bound for how many resources
// there are. The strict reading does the same, and where the specification says
// otherwise a Problem says both.
package vpd

// Size is the most that VPD may have, in bytes: its address register has 15 bits
// (PCI_VPD_ADDR_MASK in linux/pci_regs.h).
const Size = 1 << 15

// KeySerial is the keyword of the serial number in VPD-R. It is the card's, the same
// on all of its functions.
const KeySerial = "SN"

// KeyPart is the keyword of the part number in VPD-R.
const KeyPart = "PN"

// Contents is what VPD says. Values are printable ASCII without white space around
// them, at most 255 bytes long, and may be empty.
type Contents struct {
	// Name is the identifier string, at most Size bytes; HasName tells whether there is
	// one.
	Name    string
	HasName bool
	// ReadOnly holds VPD-R's text fields by keyword: EC, MN, PN, SN and V0 to VZ.
	ReadOnly map[string]string
	// ReadWrite holds VPD-W's: YA, V0 to VZ and Y0 to YZ.
	ReadWrite map[string]string
}

// Result is what was read.
type Result struct {
	// Strict is what libvirt takes of it; nil when Err tells why that is nothing. Of
	// fields with the same keyword it has the last.
	Strict *Contents
	// Tolerant is what can be had from the first VPD-R and VPD-W, whatever is wrong
	// with the rest. Of fields with the same keyword it has the first, as the kernel
	// and lspci do.
	Tolerant Contents
	// Problems are what is wrong, in the order of the bytes. They are cut off after
	// some dozens.
	Problems []*Problem

	fatal *Problem
}

// Err is the first problem for which libvirt refuses the whole; nil for none. It is a
// *Problem.
func (r *Result) Err() error {
	if r.fatal == nil {
		return nil
	}
	return r.fatal
}
